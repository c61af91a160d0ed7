import { defineCommand } from "../command";

/** `handloom evaluate`. */
export const command = defineCommand({
  summary: "metrics of a checkpoint on a data set",
  options: {
    run: { type: "string", value: "DIR", help: "run folder, its last checkpoint; or --checkpoint" },
    checkpoint: { type: "string", value: "FILE", help: "checkpoint to read; or --run" },
    data: { type: "string", value: "DIR|synthetic", help: "data set", default: "synthetic" },
    split: { type: "string", value: "val|evaluation", help: "split", default: "val" },
    ranks: { type: "string", value: "N", help: "ranks that share the work", default: "1" },
    pred: { type: "string", value: "FILE", help: "also write HO-3D's pred.json" },
  },
  async run() {
    throw new Error("evaluate: this command is not part of this build");
  },
});
