import { defineCommand } from "../command";

/** `handloom check`. */
export const command = defineCommand({
  summary: "look over a data set and a configuration before any training",
  options: {
    data: { type: "string", value: "DIR", help: "data set", required: true },
    config: { type: "string", value: "FILE|PRESET", help: "configuration to check with it" },
  },
  async run() {
    throw new Error("check: this command is not part of this build");
  },
});
