import { expect, test } from "vitest";
import { blobBytes } from "../../../src/data/shards/blob-bytes";

const never = <T>(): Promise<T> => new Promise(() => undefined);

/** As Chromium's for a file that was cut: a part of it never comes as an ArrayBuffer. */
class CutBlob extends Blob {
  override slice(from?: number, to?: number): Blob {
    return new CutBlob([super.slice(from, to)]);
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return never();
  }
}

/** Answers nothing, however it is asked. */
class SilentBlob extends CutBlob {
  override stream(): ReturnType<Blob["stream"]> {
    return new ReadableStream({ pull: () => never() });
  }
}

const BYTES = Uint8Array.from({ length: 10 }, (_, i) => i);

test("parts and the whole are the blob's bytes", async () => {
  const blob = new Blob([BYTES]);
  expect([...(await blobBytes(blob, 0, 10))]).toEqual([...BYTES]);
  expect([...(await blobBytes(blob, 3, 6))]).toEqual([3, 4, 5]);
  expect([...(await blobBytes(blob, 8, 20))]).toEqual([8, 9]);
});

test("a part that is not answered is asked for in another way", async () => {
  expect([...(await blobBytes(new CutBlob([BYTES]), 3, 6, { askAgainMs: 1 }))]).toEqual([3, 4, 5]);
});

test("what is never answered ends in a sentence", async () => {
  const reading = blobBytes(new SilentBlob([BYTES]), 0, 10, { askAgainMs: 1, giveUpMs: 20 });
  await expect(reading).rejects.toThrow(/^the browser gave no answer in 0.02 s$/);
});

test("what the browser says of a file is passed on", async () => {
  const blob = new Blob([BYTES]);
  blob.arrayBuffer = () => Promise.reject(new DOMException("it is gone", "NotFoundError"));
  await expect(blobBytes(blob, 0, 10)).rejects.toThrow("it is gone");
});
