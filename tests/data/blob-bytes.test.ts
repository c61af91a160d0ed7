import { afterEach, expect, test, vi } from "vitest";
import { blobBytes, wholeBlob } from "../../src/data/blob-bytes";
import { pathFileSource } from "../../src/data/source-browser";
import { zipSource } from "../../src/data/source-zip";
import { blobAsFile, readLogs } from "../../src/doctor/log/read-log";
import { rawZip } from "../helpers/raw-zip";

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

test("a large range comes in pieces, and ends where the file does", async () => {
  const blob = new Blob([BYTES]);
  expect([...(await blobBytes(blob, 1, 9, { pieceBytes: 3 }))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...(await blobBytes(new ShortBlob([BYTES], 7), 1, 10, { pieceBytes: 3 }))]).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a whole file that was cut is no file", async () => {
  await expect(wholeBlob(new ShortBlob([BYTES], 7))).rejects.toThrow(/^7 of 10 bytes are there: .* choose it again$/);
});

/** The browser still believes in all of its bytes, of which the first `kept` are there. */
class ShortBlob extends Blob {
  constructor(
    parts: BlobPart[],
    public kept: number,
  ) {
    super(parts);
  }

  override slice(from = 0, to = this.size): Blob {
    return super.slice(Math.min(from, this.kept), Math.min(to, this.kept));
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return super.slice(0, this.kept).arrayBuffer();
  }
}

afterEach(() => {
  vi.useRealTimers();
});

/** What becomes of `reading` when the browser never answers. */
async function afterHalfAMinute(reading: Promise<unknown>): Promise<string> {
  const ended = reading.then(
    () => "it was read",
    (error: unknown) => (error as Error).message,
  );
  await vi.advanceTimersByTimeAsync(31_000);
  return ended;
}

test("archives, files of a folder and logs that are never answered end in a sentence", async () => {
  const archive = rawZip([{ name: "HO3D/train.txt", data: new Uint8Array(40_000).fill(65), isStored: true }]);
  const opened = await zipSource(archive, "set.zip");
  const file = archive.slice;
  vi.useFakeTimers();
  const silent = new SilentBlob([archive]);
  expect(await afterHalfAMinute(zipSource(silent, "set.zip"))).toMatch(/^set\.zip: .*gave no answer in 30 s/);
  archive.slice = (from, to) => new SilentBlob([file.call(archive, from, to)]);
  archive.arrayBuffer = () => never();
  archive.stream = silent.stream;
  expect(await afterHalfAMinute(opened.read("HO3D/train.txt"))).toBe(
    'set.zip: file "HO3D/train.txt" could not be read (the browser gave no answer in 30 s)',
  );
  const folder = pathFileSource("HO3D", new Map([["train.txt", silent as File]]));
  expect(await afterHalfAMinute(folder.read("train.txt"))).toBe(
    'HO3D: file "train.txt" could not be read (the browser gave no answer in 30 s)',
  );
  expect(await afterHalfAMinute(readLogs([blobAsFile("log.txt", silent)]))).toBe(
    "log.txt: the browser gave no answer in 30 s",
  );
});

test("archives, files of a folder and logs that were cut say so", async () => {
  const whole = rawZip([{ name: "HO3D/train.txt", data: new Uint8Array(4000).fill(65), isStored: true }]);
  const blob = new ShortBlob([whole], whole.size);
  const opened = await zipSource(blob, "set.zip");
  blob.kept = 900;
  await expect(opened.read("HO3D/train.txt")).rejects.toThrow(
    /^set\.zip: .*900 of \d+ bytes are there: the file was cut/,
  );
  await expect(zipSource(new ShortBlob([whole], 900), "set.zip")).rejects.toThrow("the file was cut");
  const cut = new ShortBlob([new Uint8Array(2000)], 900);
  const folder = pathFileSource("HO3D", new Map([["train.txt", cut as unknown as File]]));
  await expect(folder.read("train.txt")).rejects.toThrow(
    'HO3D: file "train.txt" could not be read (900 of 2000 bytes are there',
  );
  await expect(readLogs([blobAsFile("log.txt", cut)])).rejects.toThrow(/^log\.txt: 900 of 2000 bytes are there/);
});
