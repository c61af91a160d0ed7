/** Builds the small files that fuzzing starts from and the hostile ones that must be refused. */
import { zlibSync } from "fflate";
import { crc32 } from "../../src/data/image-check";

/** Bytes of texts (characters 0 to 255) and numbers, joined. */
export function bytes(...parts: readonly (string | readonly number[] | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) =>
    typeof part === "string" ? Uint8Array.from(part, (c) => c.charCodeAt(0)) : Uint8Array.from(part),
  );
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** A whole number in `size` bytes, least first. */
export function little(value: number | bigint, size: 1 | 2 | 4 | 8): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return out.subarray(0, size);
}

const big = (value: number): Uint8Array => little(value, 4).slice().reverse();

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A PNG chunk with its length and checksum. */
export function chunk(type: string, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const body = bytes(type, content);
  return bytes(big(content.length), body, big(crc32(body)));
}

export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth?: number;
  readonly colour?: number;
  readonly interlace?: number;
  /** Rows with their filter bytes. */
  readonly raw?: Uint8Array;
  readonly extra?: readonly Uint8Array[];
}

/** A PNG of any kind, right or wrong. */
export function png({ width, height, depth = 8, colour = 2, interlace = 0, raw, extra = [] }: PngParts): Uint8Array {
  const header = bytes(big(width), big(height), [depth, colour, 0, 0, interlace]);
  const data = zlibSync(raw ?? new Uint8Array(0), { level: 9 });
  return bytes(SIGNATURE, chunk("IHDR", header), ...extra, chunk("IDAT", data), chunk("IEND"));
}

/** Gives every chunk of a damaged PNG a right checksum, so that the damage reaches what lies behind it. */
export function mendPng(file: Uint8Array): Uint8Array {
  const out = file.slice();
  const view = new DataView(out.buffer);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > out.length) break;
    view.setUint32(end, crc32(out, at + 4, end));
    at = end + 4;
  }
  return out;
}

/** A safetensors file of a header text and data, right or wrong. */
export function safetensors(header: string | object, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  return bytes(little(text.length, 8), text, data);
}

/** A damaged safetensors file whose first 8 bytes again say where its header ends, if a brace still ends it. */
export function mendSafetensors(file: Uint8Array): Uint8Array {
  const end = file.subarray(0, 4096).lastIndexOf(0x7d);
  return end < 8 ? file : bytes(little(end - 7, 8), file.subarray(8));
}

/** One numpy array in a pickle of protocol 2, whose shape need not fit its data. */
export function pickledArray(shape: readonly bigint[], dtype: string, data: Uint8Array): Uint8Array {
  const sides = shape.map((side) => bytes([0x8a, 8], little(side, 8)));
  const rebuilt = bytes("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK", [0], "\x85U\x01b\x87R");
  const kind = bytes(
    "cnumpy\ndtype\nU",
    [dtype.length],
    dtype,
    "K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb",
  );
  return bytes("\x80\x02", rebuilt, "(K\x01(", ...sides, "t", kind, "\x89T", little(data.length, 4), data, "tb.");
}

/** An .npy file of a header and data, right or wrong. */
export function npy(descr: string, shape: string, data: Uint8Array): Uint8Array {
  const text = [`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117), ""].join("\n");
  return bytes([0x93], "NUMPY", [1, 0], little(text.length, 2), text, data);
}
