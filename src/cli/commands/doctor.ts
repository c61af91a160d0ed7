import { defineCommand } from "../command";

/** `handloom doctor`. */
export const command = defineCommand({
  summary: "findings from a training log or a run",
  options: {
    log: { type: "string", value: "FILE", help: "training log, the original's included; or --run" },
    run: { type: "string", value: "DIR", help: "run folder; or --log" },
  },
  async run() {
    throw new Error("doctor: this command is not part of this build");
  },
});
