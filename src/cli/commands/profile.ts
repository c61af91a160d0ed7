import { defineCommand } from "../command";

/** `handloom profile`. */
export const command = defineCommand({
  summary: "time of every kernel of a training step",
  options: {
    preset: { type: "string", value: "PRESET", help: "model to profile", default: "tiny" },
    runtime: { type: "string", value: "node|chromium|firefox", help: "where to run", default: "node" },
  },
  async run() {
    throw new Error("profile: this command is not part of this build");
  },
});
