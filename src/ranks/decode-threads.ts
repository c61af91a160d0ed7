/** Decoding frames in workers of a page's worker: each reads the files itself and answers with records. */
import { type Remote, wrap } from "comlink";
import { type Decoders, type DecodeThread, type ThreadDecoder, threadDecoders } from "../data/import-decode";
import type { FrameSplit, OpenedFrames } from "../data/open";
import type { ImportOptions, ImportSource } from "./import-api";
import { startWorker } from "./nursery";

/** What a decoding worker does, spoken to over Comlink. */
export interface FrameDecoder {
  /** Opens the files; once, before the first frame. Rejects with a sentence. */
  open(source: ImportSource, split: FrameSplit, options: ImportOptions): Promise<void>;
  decode: ThreadDecoder;
}

/** More workers than this wait for the disk, and each holds the list of the files. */
const MOST_WORKERS = 4;

function startDecoder(name: string, source: ImportSource, split: FrameSplit, options: ImportOptions): DecodeThread {
  const worker = startWorker(
    "decode",
    `handloom ${name}`,
    (name) => new Worker(new URL("./decode-worker.ts", import.meta.url), { type: "module", name }),
  );
  const decoder: Remote<FrameDecoder> = wrap<FrameDecoder>(worker.endpoint);
  const opened = decoder.open(source, split, options);
  // Met by whoever asks for the first frame.
  opened.catch(() => undefined);
  return {
    async decode(id, recipe) {
      await opened;
      return decoder.decode(id, recipe);
    },
    onEnd: worker.onFail,
    terminate: worker.terminate,
  };
}

/** Workers that decode the frames of a source: one for each processor but one, 4 at most. They end with the worker that started them. */
export function pageDecoders(
  source: ImportSource,
  split: FrameSplit,
  options: ImportOptions,
  recipe: OpenedFrames["recipe"],
): Decoders {
  const count = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency - 1));
  return threadDecoders(
    Array.from({ length: count }, (_, i) => startDecoder(`import ${i + 1}`, source, split, options)),
    recipe,
  );
}
