/** One frame of an import: from files to a record, or to the reason why it cannot be used; plain data that a thread can send. */
import { type CropOptions, cropRecord } from "./crop";
import { DataError } from "./data-error";
import { type FrameRecipe, readRecipe } from "./frame-recipe";
import { type OpenedFrames, type OpenOptions, openFrames } from "./open";
import { NO_QUIRKS } from "./quirks";
import type { FileSource } from "./source";
import type { CropRecord, FrameSet } from "./types";

/** What became of one frame. */
export type Decoded =
  | { readonly kind: "record"; readonly record: CropRecord }
  /** The DataError of a frame that cannot be used: its short reason, and its sentence. */
  | { readonly kind: "refused"; readonly id: string; readonly reason: string; readonly message: string };

/** Reads and crops frames of a set. Rejects only for what is no fault of the frame. */
export function frameDecoder(frames: Pick<FrameSet, "read">, options: CropOptions): (id: string) => Promise<Decoded> {
  return async (id) => {
    try {
      return { kind: "record", record: cropRecord(await frames.read(id), options) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return { kind: "refused", id, reason: error.reason, message: error.message };
    }
  };
}

/** What a thread does for an import. */
export type ThreadDecoder = (id: string, recipe?: FrameRecipe) => Promise<Decoded>;

/** Decodes frames of files in a thread: of their recipes where they come with one, else the files are opened there too, once. */
export function fileDecoder(source: FileSource, options: OpenOptions, crop: CropOptions): ThreadDecoder {
  const { quirks = NO_QUIRKS } = options;
  let opened: Promise<OpenedFrames> | undefined;
  return async (id, recipe) => {
    if (recipe !== undefined) return frameDecoder({ read: () => readRecipe(source, recipe, quirks) }, crop)(id);
    opened ??= openFrames(source, options);
    return frameDecoder(await opened, crop)(id);
  };
}

/** The record with arrays that own their buffers, so that sending them sends nothing else; and those buffers. */
export function transferable(decoded: Decoded): { readonly decoded: Decoded; readonly buffers: ArrayBuffer[] } {
  if (decoded.kind === "refused") return { decoded, buffers: [] };
  const buffers = new Set<ArrayBuffer>();
  const own = <T extends Uint8Array | Uint16Array | Float64Array>(array: T): T => {
    const isWhole = array.byteLength === array.buffer.byteLength && array.buffer instanceof ArrayBuffer;
    // A buffer can be sent once: a second array on it gets a copy.
    const alone = isWhole && !buffers.has(array.buffer as ArrayBuffer) ? array : (array.slice() as T);
    buffers.add(alone.buffer as ArrayBuffer);
    return alone;
  };
  const { rgb, depth, joints3d, mano } = decoded.record;
  const record: CropRecord = {
    ...decoded.record,
    rgb: own(rgb),
    depth: depth && own(depth),
    joints3d: own(joints3d),
    mano: mano && { pose: own(mano.pose), shape: own(mano.shape), trans: own(mano.trans) },
  };
  return { decoded: { kind: "record", record }, buffers: [...buffers] };
}

/** Decodes frames, in threads or in the one at hand. */
export interface Decoders {
  /** Frames that are worth asking for at the same time. */
  readonly parallel: number;
  decode(id: string): Promise<Decoded>;
  /** Ends the threads. */
  end(): void;
}

/** Decoding in the thread at hand. */
export function decodersHere(frames: Pick<FrameSet, "read">, options: CropOptions): Decoders {
  return { parallel: 1, decode: frameDecoder(frames, options), end: () => undefined };
}

/** A thread that decodes, as a page or Node gives it. */
export interface DecodeThread {
  decode: ThreadDecoder;
  /** Called when the thread cannot answer any more, with the end of a sentence that says why. */
  onEnd(listener: (why: string) => void): void;
  terminate(): void;
}

/** Frames that a thread has been asked for and not answered: while it waits for one file it can decode another. */
const FRAMES_PER_THREAD = 2;

/**
 * Decodes in threads. A frame goes to the thread with the fewest; when one dies, what it was asked for is rejected with a
 * sentence that names the frame, and so is everything later. With `recipe`, the threads read no labels.
 */
export function threadDecoders(threads: readonly DecodeThread[], recipe?: OpenedFrames["recipe"]): Decoders {
  const asked = threads.map(() => new Map<string, (error: Error) => void>());
  let dead: Error | undefined;
  for (const [index, thread] of threads.entries()) {
    thread.onEnd((why) => {
      const [first] = asked[index].keys();
      const at = first === undefined ? "" : ` at frame "${first}"`;
      dead ??= new Error(
        `decoder thread ${index + 1} of ${threads.length} ended${at}: ${why}; start the import again, it goes on where it was`,
      );
      for (const pending of asked) for (const reject of pending.values()) reject(dead);
    });
  }
  const decode = (id: string): Promise<Decoded> => {
    if (dead !== undefined) return Promise.reject(dead);
    let index = 0;
    for (let i = 1; i < threads.length; i++) if (asked[i].size < asked[index].size) index = i;
    return new Promise((resolve, reject) => {
      const known = recipe?.(id);
      asked[index].set(id, reject);
      threads[index]
        .decode(id, known)
        .then(resolve, reject)
        .finally(() => asked[index].delete(id));
    });
  };
  return {
    parallel: FRAMES_PER_THREAD * threads.length,
    decode,
    end: () => {
      for (const thread of threads) thread.terminate();
    },
  };
}
