import { defineCommand } from "../command";

/** `handloom verify`. */
export const command = defineCommand({
  summary: "compare every kernel with its reference on this adapter",
  options: {
    kernel: { type: "string", value: "NAME", help: "only this kernel", multiple: true },
    runtime: { type: "string", value: "node|chromium|firefox", help: "where to run", default: "node" },
  },
  async run() {
    throw new Error("verify: this command is not part of this build");
  },
});
