/**
 * Walks the opcodes of a pickle without running it: refuses what a data file never needs, and rewrites the few opcodes
 * that pickleparser 0.2.1 reads wrongly into ones that it reads right. Does not build any object.
 *
 * Rewritten: BINSTRING to BINBYTES (Python 2 byte strings, numpy data), the text forms STRING, UNICODE, INT and LONG, and
 * the binary LONG1 and LONG4 (read as unsigned there) to a float, which holds every integer up to 2^53.
 * Refused: EXT1-4, PERSID, BINPERSID, INST, OBJ, NEWOBJ_EX, NEXT_BUFFER, DICT with items, integers beyond 2^53, a memo that
 * was never put, lengths beyond the end of the file.
 */

/** How an opcode's argument is laid out: n bytes, a length of n bytes and that many more, or text lines. */
type Argument = { readonly fixed: number } | { readonly counted: 1 | 4 | 8 } | { readonly lines: 1 | 2 };

const none: Argument = { fixed: 0 };
const opcodes = new Map<number, Argument>();
for (const op of "(.012NRabd}el]stu)") opcodes.set(op.charCodeAt(0), none);
for (const op of [0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x90, 0x91, 0x93, 0x94, 0x98]) opcodes.set(op, none);
for (const [op, fixed] of Object.entries({ J: 4, K: 1, M: 2, G: 8, h: 1, j: 4, q: 1, r: 4 })) {
  opcodes.set(op.charCodeAt(0), { fixed });
}
for (const op of "FILSVgp") opcodes.set(op.charCodeAt(0), { lines: 1 });
opcodes.set(0x63, { lines: 2 }); // GLOBAL
for (const [op, counted] of [
  [0x54, 4],
  [0x55, 1],
  [0x58, 4],
  [0x42, 4],
  [0x43, 1],
  [0x8a, 1],
  [0x8b, 4],
  [0x8c, 1],
  [0x8d, 8],
  [0x8e, 8],
  [0x96, 8],
] as const) {
  opcodes.set(op, { counted });
}
opcodes.set(0x80, { fixed: 1 }); // PROTO
opcodes.set(0x95, { fixed: 8 }); // FRAME

const OP = { mark: 0x28, stop: 0x2e, binString: 0x54, binBytes: 0x42, shortBinString: 0x55, binUnicode: 0x58 } as const;
/** A hand model has a few thousand. */
const MAX_OPCODES = 1_000_000;
const MAX_LINE = 1 << 16;

/** Bytes as characters 0 to 255. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

/** Characters 0 to 255 as bytes. Throws on any other character. */
export function bytesFromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new Error(`character ${code} is not a byte`);
    bytes[i] = code;
  }
  return bytes;
}

function withLength(op: number, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(5 + body.length);
  out[0] = op;
  new DataView(out.buffer).setUint32(1, body.length, true);
  out.set(body, 5);
  return out;
}

function number(value: bigint | number): Uint8Array {
  if (!Number.isSafeInteger(Number(value))) throw new Error("an integer is beyond 2^53");
  const out = new Uint8Array(9);
  out[0] = 0x47; // BINFLOAT
  new DataView(out.buffer).setFloat64(1, Number(value), false);
  return out;
}

/** Two's complement, little endian, as Python writes long integers. */
function signed(bytes: Uint8Array): bigint {
  if (bytes.length > 8) throw new Error("an integer is beyond 2^53");
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return bytes.length > 0 && bytes[bytes.length - 1] >= 128 ? value - (1n << BigInt(8 * bytes.length)) : value;
}

function integerLine(text: string): Uint8Array {
  if (text === "00") return Uint8Array.of(0x89);
  if (text === "01") return Uint8Array.of(0x88);
  if (!/^[+-]?\d{1,20}L?$/.test(text)) throw new Error(`"${text.slice(0, 20)}" is not an integer`);
  return number(BigInt(text.replace("L", "").replace("+", "")));
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"' }),
);

/** A Python 2 string literal, as protocol 0 writes byte strings. */
function stringLine(text: string): Uint8Array {
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text[text.length - 1] !== quote) {
    throw new Error("a text string has no quotes");
  }
  const plain = text.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/g, (all, hex, octal, letter) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    return ESCAPES.get(letter) ?? all;
  });
  const bytes = bytesFromLatin1(plain);
  return bytes.length < 256 ? Uint8Array.of(OP.shortBinString, bytes.length, ...bytes) : withLength(OP.binBytes, bytes);
}

/** Python's raw-unicode-escape. */
function unicodeLine(text: string): Uint8Array {
  const plain = text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short, long) =>
    String.fromCodePoint(Number.parseInt(short ?? long, 16)),
  );
  return withLength(OP.binUnicode, new TextEncoder().encode(plain));
}

function rewritten(op: number, body: Uint8Array, text: string): Uint8Array | undefined {
  if (op === OP.binString) return withLength(OP.binBytes, body);
  if (op === 0x8a || op === 0x8b) return number(signed(body));
  if (op === 0x49 || op === 0x4c) return integerLine(text);
  if (op === 0x53) return stringLine(text);
  if (op === 0x56) return unicodeLine(text);
  if (op === 0x46 && Number.isNaN(Number.parseFloat(text)) && !/^-?nan$/i.test(text)) {
    throw new Error(`"${text.slice(0, 20)}" is not a number`);
  }
  return undefined;
}

function opcodeName(op: number): string {
  return op > 32 && op < 127 ? `"${String.fromCharCode(op)}"` : `0x${op.toString(16)}`;
}

/** The memo slots that were put. Reading one that was not would give `undefined` instead of an error. */
class Memo {
  readonly #put = new Set<number>();

  visit(op: number, body: Uint8Array, text: string): void {
    const index = (): number => (text !== "" ? Number(text) : body.reduceRight((sum, byte) => sum * 256 + byte, 0));
    if (op === 0x94) this.#put.add(this.#put.size);
    else if (op === 0x71 || op === 0x72 || op === 0x70) this.#put.add(index());
    else if ((op === 0x68 || op === 0x6a || op === 0x67) && !this.#put.has(index())) {
      throw new Error(`memo ${index()} is read before it is put`);
    }
  }
}

/** The same pickle in opcodes that pickleparser reads right. Throws Error (the caller names the file) on anything refused. */
export function normalisePickle(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo = new Memo();
  const pieces: Uint8Array[] = [];
  let copied = 0;
  let position = 0;
  let previous = -1;
  const skip = (count: number): void => {
    if (!(count <= bytes.length - position)) throw new Error(`the file ends at byte ${bytes.length}, inside a value`);
    position += count;
  };
  const line = (): string => {
    const end = bytes.indexOf(10, position);
    if (end < 0 || end - position > 64 * MAX_LINE) throw new Error("a text line does not end");
    const text = latin1(bytes.subarray(position, end));
    position = end + 1;
    return text;
  };
  for (let count = 0; ; count++) {
    if (count > MAX_OPCODES) throw new Error(`more than ${MAX_OPCODES} opcodes`);
    const start = position;
    skip(1);
    const op = bytes[start];
    const argument = opcodes.get(op);
    if (argument === undefined) throw new Error(`opcode ${opcodeName(op)} at byte ${start} is not allowed`);
    let text = "";
    let body = bytes.subarray(position, position);
    if ("lines" in argument) {
      text = line();
      if (argument.lines === 2) text += ` ${line()}`;
    } else {
      let size = "fixed" in argument ? argument.fixed : 0;
      if ("counted" in argument) {
        const at = position;
        skip(argument.counted);
        if (argument.counted === 1) size = view.getUint8(at);
        else if (argument.counted === 4) size = view.getUint32(at, true);
        else size = Number(view.getBigUint64(at, true));
      }
      const at = position;
      skip(size);
      body = bytes.subarray(at, position);
    }
    if (op === 0x80 && body[0] > 5) throw new Error(`protocol ${body[0]}, expected 0 to 5`);
    if (op === 0x64 && previous !== OP.mark) throw new Error("opcode DICT with items is not allowed");
    memo.visit(op, body, text);
    const replacement = rewritten(op, body, text);
    if (replacement !== undefined) {
      pieces.push(bytes.subarray(copied, start), replacement);
      copied = position;
    }
    previous = op;
    if (op === OP.stop) break;
  }
  if (position !== bytes.length) throw new Error(`${bytes.length - position} bytes follow the end of the pickle`);
  if (pieces.length === 0) return bytes;
  pieces.push(bytes.subarray(copied));
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
