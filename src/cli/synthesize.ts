/** Writes a synthetic HO-3D tree with several threads: the whole tree or none of it. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { type SyntheticOptions, syntheticFrameSet } from "../data/synthetic/frames";
import {
  type Ho3dParts,
  type Ho3dVersion,
  ho3dFrameFiles,
  ho3dListFiles,
  ho3dParts,
} from "../data/synthetic/write-ho3d";
import type { HandModel } from "../data/types";

/** What to write and where. */
export interface SynthesizeOptions extends SyntheticOptions {
  readonly hand: HandModel;
  readonly out: string;
  readonly version: Ho3dVersion;
  /** 1 renders in this thread; more start that many workers from `workerFile`. */
  readonly threads: number;
  readonly workerFile?: string;
  readonly onProgress?: (done: number) => void;
}

/** The part of the frames that one thread renders; can be cloned. */
export interface RenderJob {
  readonly hand: HandModel;
  readonly options: SyntheticOptions;
  readonly version: Ho3dVersion;
  readonly folder: string;
  readonly thread: number;
  readonly threads: number;
}

/** Whole recordings in turn, so that no two threads prepare the same one. */
function idsOf(job: RenderJob, recordings: readonly string[], ids: readonly string[]): string[] {
  const own = new Set(recordings.filter((_, i) => i % job.threads === job.thread));
  return ids.filter((id) => own.has(id.slice(0, id.indexOf("/") - 1)));
}

async function writeAll(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) await writeFile(join(folder, path), bytes);
}

/** Renders one thread's frames into its folder; the folders of all sequences must exist. */
export async function renderFrames(job: RenderJob, onFrame: () => void): Promise<void> {
  const set = syntheticFrameSet(job.hand, job.options);
  const parts = ho3dParts(set);
  for (const split of ["train", "evaluation"] as const) {
    for (const id of idsOf(job, set.recordings, parts[split])) {
      await writeAll(job.folder, await ho3dFrameFiles(set, id, split, job.version));
      onFrame();
    }
  }
}

/** Throws a sentence unless `out` is free: missing or an empty folder. */
async function requireFree(out: string): Promise<void> {
  if (!existsSync(out)) return;
  const names = await readdir(out).catch(() => undefined);
  if (names === undefined) throw new Error(`synthesize: "${out}" is a file, expected a folder that does not exist yet`);
  if (names.length > 0) {
    throw new Error(
      `synthesize: folder "${out}" holds ${names.length} entries (first "${names[0]}"), expected an empty or new folder; choose another --out`,
    );
  }
}

async function makeFolders(folder: string, parts: Ho3dParts): Promise<void> {
  const sequences = new Set<string>();
  for (const split of ["train", "evaluation"] as const) {
    for (const id of parts[split]) sequences.add(`${split}/${id.slice(0, id.indexOf("/"))}`);
  }
  for (const sequence of sequences) {
    for (const kind of ["rgb", "depth", "meta"]) await mkdir(join(folder, sequence, kind), { recursive: true });
  }
}

function startThread(workerFile: string, job: RenderJob, onFrame: () => void): { worker: Worker; done: Promise<void> } {
  const worker = new Worker(workerFile, { workerData: job });
  const done = new Promise<void>((resolveDone, reject) => {
    worker.on("message", onFrame);
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (code === 0) resolveDone();
      else reject(new Error(`synthesize: thread ${job.thread} of ${job.threads} ended with code ${code}`));
    });
  });
  return { worker, done };
}

async function renderAll(options: SynthesizeOptions, folder: string): Promise<void> {
  const { hand, frames, seed, camerasPerRecording, framesPerSequence, spread, poses, version, threads, workerFile } =
    options;
  let count = 0;
  const onFrame = (): void => options.onProgress?.(++count);
  const job = (thread: number): RenderJob => ({
    hand,
    options: { frames, seed, camerasPerRecording, framesPerSequence, spread, poses },
    version,
    folder,
    thread,
    threads,
  });
  if (threads === 1) return renderFrames(job(0), onFrame);
  if (workerFile === undefined || !existsSync(workerFile)) {
    throw new Error(`synthesize: the thread's program "${workerFile}" does not exist; run npm run build:node`);
  }
  const running = Array.from({ length: threads }, (_, i) => startThread(workerFile, job(i), onFrame));
  try {
    await Promise.all(running.map(({ done }) => done));
  } finally {
    await Promise.allSettled(running.map(({ worker }) => worker.terminate()));
  }
}

/**
 * Writes an HO-3D tree of rendered frames to `out`: into a folder beside it that gets the name at the end, so that a run
 * that was stopped leaves no tree. The bytes depend on hand, seed and counts only. Throws one sentence when `out` is not free.
 */
export async function synthesize(options: SynthesizeOptions): Promise<Ho3dParts> {
  const out = resolve(options.out);
  await requireFree(out);
  const set = syntheticFrameSet(options.hand, options);
  const parts = ho3dParts(set);
  const folder = join(dirname(out), `.${basename(out)}.${process.pid}.part`);
  try {
    await makeFolders(folder, parts);
    await writeAll(folder, ho3dListFiles(set, parts));
    await renderAll(options, folder);
    await requireFree(out);
    await rm(out, { recursive: true, force: true });
    await rename(folder, out);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return parts;
}
