import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { encodeRgbPng } from "../../data/png";
import { syntheticFrameSet } from "../../data/synthetic/frames";
import type { PoseRange } from "../../data/synthetic/pose";
import { defineCommand, readInteger } from "../command";
import { contactSheet } from "../contact-sheet";
import { projectRoot } from "../host";
import { Progress } from "../progress";
import { openHand } from "../run-setup";
import { synthesize } from "../synthesize";

/** More threads than this wait for the disk. */
const MOST_THREADS = 8;

function readVersion(text: string): 2 | 3 {
  if (text === "2") return 2;
  if (text === "3") return 3;
  throw new Error(`--format is "${text}", expected 2 (rgb as png) or 3 (rgb as jpg)`);
}

function readPoses(text: string): PoseRange {
  if (text === "any" || text === "grasps") return text;
  throw new Error(`--poses is "${text}", expected any or grasps`);
}

/** `handloom synthesize`. */
export const command = defineCommand({
  summary: "write an HO-3D v3 tree of rendered OpenHand frames",
  options: {
    frames: { type: "string", value: "N", help: "frames to render", required: true },
    seed: { type: "string", value: "N", help: "seed of poses, cameras and textures", default: "0" },
    out: { type: "string", value: "DIR", help: "folder to write; it must be new or empty", required: true },
    cameras: { type: "string", value: "N", help: "cameras that film each recording, 1 to 9" },
    spread: {
      type: "string",
      value: "DEGREES",
      help: "how far the hand turns from upright, filmed from one side; from all sides when not given",
    },
    poses: {
      type: "string",
      value: "any|grasps",
      help: "every pose of a hand, or fingers that close together",
      default: "any",
    },
    length: {
      type: "string",
      value: "N",
      help: "frames of each camera in a recording; fewer give more people and rooms",
    },
    hand: {
      type: "string",
      value: "openhand|FILE",
      help: "OpenHand or your MANO_RIGHT.pkl or .npz",
      default: "openhand",
    },
    format: { type: "string", value: "2|3", help: "version of HO-3D's layout", default: "3" },
    threads: { type: "string", value: "N", help: "threads; by default one for each processor" },
    sheet: { type: "string", value: "FILE", help: "also draw some frames with their joints, as PNG" },
  },
  async run({ frames, seed, out, cameras, spread, poses, length, hand, format, threads, sheet, json }) {
    const total = readInteger("frames", frames, { min: 1, max: 1_000_000 });
    const options = {
      frames: total,
      seed: readInteger("seed", seed),
      spread: spread === undefined ? undefined : (readInteger("spread", spread, { max: 180 }) * Math.PI) / 180,
      poses: readPoses(poses),
      framesPerSequence: length === undefined ? undefined : readInteger("length", length, { min: 1, max: 9999 }),
      camerasPerRecording: cameras === undefined ? undefined : readInteger("cameras", cameras, { min: 1, max: 9 }),
    };
    const model = await openHand(hand);
    const progress = new Progress({ label: "synthesize", total, unit: "frames" });
    const parts = await synthesize({
      ...options,
      hand: model,
      out,
      version: readVersion(format),
      threads:
        threads === undefined
          ? Math.min(MOST_THREADS, availableParallelism())
          : readInteger("threads", threads, { min: 1, max: 64 }),
      workerFile: join(projectRoot(), "dist/node/render-worker.js"),
      onProgress: (done) => progress.update(done),
    });
    progress.finish();
    if (sheet !== undefined)
      await writeFile(sheet, encodeRgbPng(await contactSheet(syntheticFrameSet(model, options))));
    const [train, evaluation] = [parts.train.length, parts.evaluation.length];
    if (json) process.stdout.write(`${JSON.stringify({ out, train, evaluation })}\n`);
    else process.stdout.write(`${out}: ${train} training and ${evaluation} evaluation frames\n`);
    return 0;
  },
});
