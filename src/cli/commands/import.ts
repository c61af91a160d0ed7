import { defineCommand } from "../command";

/** `handloom import`. */
export const command = defineCommand({
  summary: "what an import would keep and drop, with reasons and counts",
  options: {
    data: { type: "string", value: "DIR", help: "data set", required: true },
  },
  async run() {
    throw new Error("import: this command is not part of this build");
  },
});
