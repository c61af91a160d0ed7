import { defineCommand } from "../command";

/** `handloom train`. */
export const command = defineCommand({
  summary: "train a model and write a run folder",
  options: {
    config: {
      type: "string",
      value: "FILE|PRESET",
      help: "configuration: a yaml file, the original's included, or a preset's name",
      required: true,
    },
    data: {
      type: "string",
      value: "DIR|synthetic",
      help: "an HO-3D tree, or rendered OpenHand frames",
      default: "synthetic",
    },
    hand: {
      type: "string",
      value: "openhand|FILE",
      help: "hand model: openhand, or the path of MANO_RIGHT.pkl",
      default: "openhand",
    },
    ranks: { type: "string", value: "N", help: "ranks that share the work", default: "1" },
    steps: { type: "string", value: "N", help: "optimiser steps; instead of --epochs" },
    epochs: { type: "string", value: "N", help: "epochs; the configuration's when neither is given" },
    batch: { type: "string", value: "N", help: "samples per global batch; the configuration's when it is not given" },
    seed: { type: "string", value: "N", help: "seed of everything random; the configuration's when it is not given" },
    out: { type: "string", value: "DIR", help: "folder of the run; runs/NAME when it is not given" },
    resume: { type: "string", value: "DIR", help: "run folder to go on with" },
    quirks: { type: "string", value: "a,b", help: "behaviours of the original to reproduce" },
    debug: { type: "string", value: "batch,loss", help: "debug lines of the original to print" },
    runtime: { type: "string", value: "node|chromium|firefox", help: "where to train", default: "node" },
    set: { type: "string", value: "KEY=VALUE", help: "changes one key of the configuration", multiple: true },
  },
  async run() {
    throw new Error("train: this command is not part of this build");
  },
});
