import { DataError } from "../data/data-error";

/**
 * The safetensors format: u64 header length, a JSON header, the data. Reads float32, int64 and uint32 only, and refuses
 * whatever the format's own validation refuses, and names given twice, which JSON.parse would hide.
 */

export type SafeTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: "F32"; readonly data: Float32Array<ArrayBuffer> }
  | { readonly dtype: "I64"; readonly data: BigInt64Array<ArrayBuffer> }
  | { readonly dtype: "U32"; readonly data: Uint32Array<ArrayBuffer> }
);

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const BYTES = { F32: 4, I64: 8, U32: 4 } as const;
const LONGEST_HEADER = 100_000_000;
const MOST_TENSORS = 10_000;

type DTypeName = keyof typeof BYTES;

/** Reads a whole file. Throws DataError naming `file`, the tensor and what is wrong. */
export function readSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const fail = (text: string): never => {
    throw new DataError(`${file}: ${text}`, "not a valid safetensors file");
  };
  if (bytes.byteLength < 8) fail(`has ${bytes.byteLength} bytes, a safetensors file has at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > LONGEST_HEADER) fail(`the header claims ${length} bytes, at most ${LONGEST_HEADER} are allowed`);
  if (8 + length > bytes.byteLength)
    fail(`the header claims ${length} bytes, but the file ends after ${bytes.byteLength - 8}; is it cut off?`);
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  } catch {
    fail("the header is not UTF-8");
  }
  const { entries, metadata } = parseHeader(text, fail);
  checkLayout(entries, bytes.byteLength - 8 - length, fail);
  const tensors = new Map<string, SafeTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = bytes.slice(8 + length + begin, 8 + length + end).buffer as ArrayBuffer;
    tensors.set(name, { shape, ...typed(dtype, data) });
  }
  return { tensors, metadata };
}

function typed(dtype: DTypeName, data: ArrayBuffer) {
  if (dtype === "F32") return { dtype, data: new Float32Array(data) } as const;
  if (dtype === "I64") return { dtype, data: new BigInt64Array(data) } as const;
  return { dtype, data: new Uint32Array(data) } as const;
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: DTypeName;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

type Fail = (text: string) => never;

/** Tensors must follow each other without hole or overlap, and fill the data to its last byte. */
function checkLayout(entries: readonly HeaderEntry[], dataBytes: number, fail: Fail): void {
  let at = 0;
  for (const { name, dtype, shape, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin > end) fail(`tensor "${name}" begins at byte ${begin} and ends at ${end}`);
    if (begin !== at)
      fail(
        `tensor "${name}" begins at byte ${begin}, expected ${at}: ${begin < at ? "tensors overlap" : "there is a hole"}`,
      );
    if (end > dataBytes) fail(`tensor "${name}" ends at byte ${end}, but the file holds ${dataBytes} bytes of data`);
    const expected = shape.reduce((product, n) => product * n, BYTES[dtype]);
    if (end - begin !== expected)
      fail(`tensor "${name}" of shape [${shape.join(", ")}] has ${end - begin} bytes, expected ${expected}`);
    at = end;
  }
  if (at !== dataBytes) fail(`${dataBytes - at} bytes follow the last tensor`);
}

function parseHeader(text: string, fail: Fail): { entries: HeaderEntry[]; metadata: Map<string, string> } {
  const json = new HeaderReader(text, fail);
  const entries: HeaderEntry[] = [];
  let metadata = new Map<string, string>();
  if (!text.startsWith("{")) fail("the header does not begin with {");
  json.object("the header", (name) => {
    if (name === "__metadata__") {
      metadata = new Map();
      json.object("__metadata__", (key) => metadata.set(key, json.string()));
      return;
    }
    if (entries.length === MOST_TENSORS) fail(`more than ${MOST_TENSORS} tensors`);
    entries.push(readEntry(json, name, fail));
  });
  json.end();
  return { entries, metadata };
}

function readEntry(json: HeaderReader, name: string, fail: Fail): HeaderEntry {
  let dtype: DTypeName | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  json.object(`tensor "${name}"`, (key) => {
    if (key === "dtype") {
      const found = json.string();
      if (found !== "F32" && found !== "I64" && found !== "U32")
        fail(`tensor "${name}" has dtype ${found}; F32, I64 and U32 are read`);
      dtype = found as DTypeName;
    } else if (key === "shape") shape = json.counts(`shape of "${name}"`);
    else if (key === "data_offsets") offsets = json.counts(`data_offsets of "${name}"`);
    else fail(`tensor "${name}" has an unknown field "${key}"`);
  });
  if (!dtype || !shape || offsets?.length !== 2)
    return fail(`tensor "${name}" needs dtype, shape and two data_offsets`);
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
}

/** The little of JSON that a header needs: objects, strings, arrays of whole numbers; keys may not repeat. */
class HeaderReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly fail: Fail,
  ) {}

  #skipSpace(): void {
    while (/[ \t\r\n]/.test(this.text.charAt(this.#at))) this.#at++;
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) this.fail(`the header has no "${character}" at character ${this.#at}`);
  }

  object(what: string, onKey: (key: string) => void): void {
    const seen = new Set<string>();
    this.#expect("{");
    if (this.#take("}")) return;
    do {
      const key = this.string();
      if (seen.has(key)) this.fail(`${what} has the key "${key}" twice`);
      seen.add(key);
      this.#expect(":");
      onKey(key);
    } while (this.#take(","));
    this.#expect("}");
  }

  string(): string {
    this.#skipSpace();
    const start = this.#at;
    this.#expect('"');
    while (this.#at < this.text.length && this.text[this.#at] !== '"') this.#at += this.text[this.#at] === "\\" ? 2 : 1;
    this.#at++;
    try {
      return JSON.parse(this.text.slice(start, this.#at)) as string;
    } catch {
      return this.fail(`the header has no valid string at character ${start}`);
    }
  }

  counts(what: string): number[] {
    const result: number[] = [];
    this.#expect("[");
    if (this.#take("]")) return result;
    do {
      this.#skipSpace();
      const digits = /^(0|[1-9][0-9]*)(?=[\s,\]])/.exec(this.text.slice(this.#at, this.#at + 24))?.[0] ?? "";
      if (digits === "" || !Number.isSafeInteger(Number(digits)))
        this.fail(`${what} holds something other than whole numbers from 0 to 2^53 - 1`);
      this.#at += digits.length;
      result.push(Number(digits));
    } while (this.#take(","));
    this.#expect("]");
    return result;
  }

  end(): void {
    if (!/^ *$/.test(this.text.slice(this.#at))) this.fail("something other than spaces follows the header's last }");
  }
}

/**
 * A file's pieces in order, header first. Wider types come first and the header
 * is padded to 8 bytes, so that every tensor is aligned. Throws for a tensor whose data do not fit its shape.
 */
function safetensorsParts(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer>[] {
  const order = [...tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  const fields = [`"__metadata__":${JSON.stringify({ format: "pt", ...metadata })}`];
  let at = 0;
  for (const [name, { dtype, shape, data }] of order) {
    const expected = shape.reduce((product, n) => product * n, 1);
    if (data.length !== expected)
      throw new Error(
        `safetensors: "${name}" of shape [${shape.join(", ")}] has ${data.length} numbers, expected ${expected}`,
      );
    const end = at + data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [at, end] })}`);
    at = end;
  }
  const text = new TextEncoder().encode(`{${fields.join(",")}}`);
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return [header, ...order.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

/** A whole file in memory. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const parts = safetensorsParts(tensors, metadata);
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
