/** Bytes of a blob that a browser keeps on disk, in bounded time. */

/** After so long without an answer the bytes are asked for in another way as well, ms. */
const ASK_AGAIN_MS = 3000;
/** After so long the reading has failed, ms: 48 MiB from a disk of 2 MB/s. */
const GIVE_UP_MS = 30_000;

export interface BlobPatience {
  readonly askAgainMs?: number;
  readonly giveUpMs?: number;
}

/**
 * Bytes `from` to `to`, exclusive; fewer where the blob's file was cut. Rejects with what the browser says of a file that it
 * cannot read, and with a sentence when it says nothing.
 *
 * Chromium 156 does not answer every `arrayBuffer()` of a `slice()` of a blob whose file is shorter than it was: the promise
 * stays pending for good in 300 of 300 reads that begin behind the file's end, in 40 of 400 that cross it from 0 to the blob's
 * size. It answered all of 350 reads of the same blobs that were not sliced, so a whole blob is not, and all of 650 by way of a
 * `Response`, which gives the bytes that are there: hence the second way. A slow disk may still answer the first question.
 */
export async function blobBytes(
  blob: Blob,
  from: number,
  to: number,
  { askAgainMs = ASK_AGAIN_MS, giveUpMs = GIVE_UP_MS }: BlobPatience = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const part = from === 0 && to >= blob.size ? blob : blob.slice(from, to);
  const timers: ReturnType<typeof setTimeout>[] = [];
  const after = (ms: number): Promise<void> => new Promise((resolve) => timers.push(setTimeout(resolve, ms)));
  const giveUp = (): never => {
    throw new Error(`the browser gave no answer in ${giveUpMs / 1000} s`);
  };
  try {
    const askedAgain = after(askAgainMs).then(() => new Response(part).arrayBuffer());
    return new Uint8Array(await Promise.race([part.arrayBuffer(), askedAgain, after(giveUpMs).then(giveUp)]));
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
