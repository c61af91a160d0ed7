/**
 * A zip file as a tree of files, read at random without unpacking it: zip64 included, a file is inflated when it is asked
 * for. Nothing in the archive is believed: names that would leave the tree, names that stand twice, encrypted files, links and
 * sizes that no honest compressor reaches are refused when it is opened; sizes and checksums are enforced when it is read.
 */
import { type Entry, Reader, ZipReader } from "@zip.js/zip.js/lib/zip-core-custom.js";
import { Inflate } from "fflate";

import { blobBytes, cutSentence } from "./blob-bytes";
import { DataError, messageOf } from "./data-error";
import { crc32 } from "./image-check";
import { type FileSource, folderIndex, missingFile } from "./source";

/** Deflate reaches 1032 on nothing but zeros; images, pickles and JSON stay below 30. */
const MAX_RATIO = 200;
/** Largest unpacked file, bytes: evaluation_verts.json of HO-3D v3 has about 0.6 GB. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** Compressed bytes that are inflated between two looks at the size; at a ratio of 1032 they become 17 MB. */
const INFLATE_STEP = 16 << 10;
/** A local header is 30 bytes and the name; its extra field may differ from the directory's, so a little more is read at once. */
const LOCAL_HEADER = 30;
const LOCAL_EXTRA = 256;

const STORED = 0;
const DEFLATED = 8;

/** What is kept of a directory entry: trees hold 300,000 files. */
interface ZipFile {
  readonly offset: number;
  readonly nameBytes: number;
  readonly packed: number;
  readonly size: number;
  readonly method: number;
  readonly checksum: number;
}

/**
 * The path that a name in the archive stands for, without a leading "./" or a folder's "/" at the end. Throws DataError for one that is
 * absolute, climbs out with "..", or holds a backslash, a NUL or an empty part.
 */
function safePath(name: string, archive: string): string {
  const path = name.replace(/^(\.\/)+/, "").replace(/\/$/, "");
  const parts = path.split("/");
  const isUnsafe =
    /[\\\0]/.test(name) ||
    /^([a-z]:|\/)/i.test(path) ||
    (path !== "" && parts.some((part) => part === "" || part === "." || part === ".."));
  if (isUnsafe) {
    throw new DataError(
      `${archive}: the archive names a file ${JSON.stringify(name.slice(0, 80))}, expected names separated by "/" that stay below its top folder; pack the data set anew`,
      "unsafe name in a zip",
    );
  }
  return path;
}

/** Throws DataError for an entry that no packer of a data set writes. */
function checkEntry(entry: Entry, path: string, archive: string): void {
  const refuse = (what: string): never => {
    throw new DataError(`${archive}: file "${path}" ${what}; pack the data set anew`, "zip refused");
  };
  const { compressedSize: packed, uncompressedSize: size, compressionMethod: method } = entry;
  if (entry.encrypted) refuse("is encrypted, expected a zip without a password");
  if (((entry.externalFileAttributes >>> 16) & 0o170000) === 0o120000) refuse("is a symbolic link, expected a file");
  if (method !== STORED && method !== DEFLATED) {
    refuse(`is packed by method ${method}, expected 0 (stored) or 8 (deflate)`);
  }
  if (method === STORED && packed !== size) {
    refuse(`is stored in ${packed} bytes but declared with ${size}, expected the same`);
  }
  if (size > MAX_FILE_BYTES) refuse(`is declared with ${size} bytes, expected at most ${MAX_FILE_BYTES}`);
  if (size > MAX_RATIO * packed) {
    refuse(`is declared to grow from ${packed} to ${size} bytes, expected at most ${MAX_RATIO} times`);
  }
}

/** The archive is the data set packed: it has the name of the folder. */
export function archiveName(file: string): string {
  return file.replace(/\.zip$/i, "");
}

/** The bytes of an archive as zip.js asks for them. */
class ArchiveReader extends Reader<Blob> {
  constructor(private readonly blob: Blob) {
    super(blob);
    this.size = blob.size;
  }

  override async readUint8Array(from: number, length: number): Promise<Uint8Array> {
    return wholeRange(this.blob, from, Math.max(from, Math.min(from + length, this.blob.size)));
  }
}

/** Bytes `from` to `to`, exclusive. Throws a sentence when the file has become too short for them. */
async function wholeRange(blob: Blob, from: number, to: number): Promise<Uint8Array> {
  const bytes = await blobBytes(blob, from, to);
  if (bytes.length !== to - from) throw new Error(cutSentence(from + bytes.length, blob.size));
  return bytes;
}

/** The files of an archive by path. Throws DataError for what `checkEntry` refuses and for names that stand twice. */
async function readDirectory(blob: Blob, archive: string): Promise<Map<string, ZipFile>> {
  const files = new Map<string, ZipFile>();
  const reader = new ZipReader(new ArchiveReader(blob), { filenameValidation: "tolerant" });
  let total = 0;
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      const path = safePath(entry.filename, archive);
      if (entry.directory || path === "") continue;
      checkEntry(entry, path, archive);
      if (files.has(path)) {
        throw new DataError(`${archive}: the archive holds "${path}" twice; pack the data set anew`, "zip refused");
      }
      total += entry.uncompressedSize;
      if (total > MAX_RATIO * blob.size) {
        throw new DataError(
          `${archive}: the archive's ${blob.size} bytes are declared to become more than ${MAX_RATIO} times as many; pack the data set anew`,
          "zip refused",
        );
      }
      files.set(path, {
        offset: entry.offset,
        nameBytes: entry.rawFilename.length,
        packed: entry.compressedSize,
        size: entry.uncompressedSize,
        method: entry.compressionMethod,
        checksum: (entry.signature ?? 0) >>> 0,
      });
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `${archive}: the file is no zip archive or its directory is damaged (${messageOf(error)}); copy it again`,
    );
  }
  return files;
}

/** The packed bytes of one file. */
async function packedBytes(blob: Blob, file: ZipFile, damaged: (what: string) => DataError): Promise<Uint8Array> {
  const { offset, nameBytes, packed } = file;
  if (offset >= blob.size) throw damaged("lies beyond the archive's end");
  const head = await wholeRange(
    blob,
    offset,
    Math.min(offset + LOCAL_HEADER + nameBytes + packed + LOCAL_EXTRA, blob.size),
  );
  const isHeader = [0x50, 0x4b, 3, 4].every((byte, i) => head[i] === byte);
  if (!isHeader || head.length < LOCAL_HEADER) throw damaged("has no header where the archive's directory says");
  const start = LOCAL_HEADER + (head[26] | (head[27] << 8)) + (head[28] | (head[29] << 8));
  if (offset + start + packed > blob.size) throw damaged("lies beyond the archive's end");
  return start + packed <= head.length
    ? head.subarray(start, start + packed)
    : wholeRange(blob, offset + start, offset + start + packed);
}

/** Inflates until the stream ends or the declared size is passed. */
function inflate(packed: Uint8Array, size: number, damaged: (what: string) => DataError): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  const stream = new Inflate((piece) => {
    if (at + piece.length > size) throw damaged(`unpacks to more than the ${size} bytes that it declares`);
    out.set(piece, at);
    at += piece.length;
  });
  try {
    for (let from = 0; from < packed.length; from += INFLATE_STEP) {
      const to = Math.min(from + INFLATE_STEP, packed.length);
      stream.push(packed.subarray(from, to), to === packed.length);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(`cannot be unpacked (${messageOf(error)})`);
  }
  if (at !== size) throw damaged(`unpacks to ${at} bytes, expected the ${size} that it declares`);
  return out;
}

/**
 * Opens a zip: a File of the page, or in Node `fs.openAsBlob`. Reads its directory only. `name` starts every error message.
 * Throws DataError when it is no zip or holds what no data set holds; `read` throws one when a file is damaged.
 */
export async function zipSource(blob: Blob, name: string): Promise<FileSource> {
  const files = await readDirectory(blob, name);
  if (files.size === 0) throw new DataError(`${name}: the archive holds no file, expected a data set`);
  for (const path of files.keys()) {
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      if (files.has(path.slice(0, slash))) {
        throw new DataError(
          `${name}: the archive holds "${path.slice(0, slash)}" as a file and as a folder; pack the data set anew`,
          "zip refused",
        );
      }
    }
  }
  const index = folderIndex(files.keys());
  return {
    name,
    list: async (folder) => [...(index.get(folder) ?? [])],
    has: async (path) => files.has(path),
    read: async (path) => {
      const file = files.get(path);
      if (file === undefined) throw missingFile(name, path);
      const damaged = (what: string): DataError =>
        new DataError(`${name}: file "${path}" ${what}; copy the archive again`, "zip damaged");
      let packed: Uint8Array;
      try {
        packed = await packedBytes(blob, file, damaged);
      } catch (error) {
        if (error instanceof DataError) throw error;
        throw new DataError(`${name}: file "${path}" could not be read (${messageOf(error)})`);
      }
      const bytes = file.method === STORED ? packed : inflate(packed, file.size, damaged);
      if (crc32(bytes) !== file.checksum) throw damaged("does not have the checksum that the archive holds");
      return bytes;
    },
  };
}
