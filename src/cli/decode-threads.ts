/** Decoding frames in threads of Node: each reads the files itself and answers with records. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type { CropOptions } from "../data/crop";
import {
  type Decoders,
  type DecodeThread,
  fileDecoder,
  type ThreadDecoder,
  threadDecoders,
} from "../data/import-decode";
import type { FrameSplit, OpenedFrames } from "../data/open";
import type { HandModel } from "../data/types";
import { openPlace } from "./data-place";
import { projectRoot } from "./host";
import { startWorkerThread } from "./worker-thread";

/** What a thread opens; can be cloned. */
export interface DecodePlace {
  readonly path: string;
  readonly split: FrameSplit;
  readonly hand: HandModel | undefined;
  readonly quirks: readonly string[];
  readonly crop: Omit<CropOptions, "quirks">;
}

/** What a thread is started with. */
export interface DecodeStart {
  readonly place: DecodePlace;
  readonly port: MessagePort;
}

/** What a thread does, spoken to over Comlink. */
export interface FrameDecoder {
  decode: ThreadDecoder;
}

/** Opens the place, to decode its frames in the thread at hand. */
export async function openDecoder({ path, split, hand, quirks: names, crop }: DecodePlace): Promise<ThreadDecoder> {
  const quirks = new Set(names);
  return fileDecoder(await openPlace(path), { split, hand, quirks }, { ...crop, quirks });
}

function startThread(program: string, name: string, place: DecodePlace): DecodeThread {
  const { api, onEnd, terminate } = startWorkerThread<FrameDecoder>(program, name, { place });
  return { decode: api.decode, onEnd, terminate };
}

/** Threads that decode the frames of a place, of their recipes where there are such. `program` is the built `decode-worker`. */
export function nodeDecoders(
  place: DecodePlace,
  threads: number,
  recipe?: OpenedFrames["recipe"],
  program = join(projectRoot(), "dist/node/decode-worker.js"),
): Decoders {
  if (!existsSync(program)) {
    throw new Error(`import: the thread's program "${program}" does not exist; run npm run build:node`);
  }
  const started = Array.from({ length: threads }, (_, i) => startThread(program, `import ${i + 1}`, place));
  return threadDecoders(started, recipe);
}
