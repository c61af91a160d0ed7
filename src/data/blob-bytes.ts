/** Bytes of blobs on a disk, a person's own files among them, in bounded time. */

/** After so long without an answer the bytes are asked for in another way as well, ms. */
const ASK_AGAIN_MS = 3000;
/** After so long the reading of a piece has failed, ms: 48 MiB from a disk of 2 MB/s. */
const GIVE_UP_MS = 30_000;
/** What is read at once; more than a shard has, so that the two times above mean the same for files of any size. */
const PIECE_BYTES = 48 << 20;

export interface BlobPatience {
  readonly askAgainMs?: number;
  readonly giveUpMs?: number;
  readonly pieceBytes?: number;
}

/**
 * Bytes `from` to `to`, exclusive; fewer where the blob's file was cut. Rejects with what the browser says of a file that it
 * cannot read, and with a sentence when it says nothing.
 */
export async function blobBytes(
  blob: Blob,
  from: number,
  to: number,
  { pieceBytes = PIECE_BYTES, ...patience }: BlobPatience = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const end = Math.max(from, Math.min(to, blob.size));
  if (end - from <= pieceBytes) return piece(blob, from, end, patience);
  const bytes = new Uint8Array(end - from);
  for (let at = from; at < end; at += pieceBytes) {
    const part = await piece(blob, at, Math.min(at + pieceBytes, end), patience);
    bytes.set(part, at - from);
    if (part.length < Math.min(pieceBytes, end - at)) return bytes.slice(0, at - from + part.length);
  }
  return bytes;
}

/** The whole of a person's file. Throws also when the file has become shorter than the browser said, with what is there. */
export async function wholeBlob(blob: Blob, patience?: BlobPatience): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await blobBytes(blob, 0, blob.size, patience);
  if (bytes.length !== blob.size) throw new Error(`${cutSentence(bytes.length, blob.size)}; choose it again`);
  return bytes;
}

/** What happened to a file of which only `found` bytes are there. */
export function cutSentence(found: number, expected: number): string {
  return `${found} of ${expected} bytes are there: the file was cut or written anew while it was read`;
}

/**
 * Chromium 156 does not answer every `arrayBuffer()` of a `slice()` of a blob whose file is shorter than it was: the promise
 * stays pending for good in 300 of 300 reads that begin behind the file's end, in 40 of 400 that cross it from 0 to the blob's
 * size. It answered all of 350 reads of the same blobs that were not sliced, so a whole blob is not, and all of 650 by way of a
 * `Response`, which gives the bytes that are there: hence the second way. A slow disk may still answer the first question.
 */
async function piece(
  blob: Blob,
  from: number,
  to: number,
  { askAgainMs = ASK_AGAIN_MS, giveUpMs = GIVE_UP_MS }: BlobPatience,
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
