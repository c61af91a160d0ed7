import { defineCommand } from "../command";

/** `handloom synthesize`. */
export const command = defineCommand({
  summary: "write an HO-3D v3 tree of rendered OpenHand frames",
  options: {
    frames: { type: "string", value: "N", help: "frames to render", required: true },
    seed: { type: "string", value: "N", help: "seed of poses, cameras and textures", default: "0" },
    out: { type: "string", value: "DIR", help: "folder to write; it must not exist yet", required: true },
  },
  async run() {
    throw new Error("synthesize: this command is not part of this build");
  },
});
