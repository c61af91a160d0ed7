/** Zip files that say what they like about themselves. Layout: PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16. */
import { deflateSync } from "fflate";
import { crc32 } from "../../src/data/image-check";

export interface RawEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly isStored?: boolean;
  /** In the directory alone, without bytes of its own. */
  readonly isOnlyListed?: boolean;
  /** What the directory and the header declare instead of the truth. */
  readonly declared?: {
    readonly size?: number;
    readonly packed?: number;
    readonly crc?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly attributes?: number;
    readonly offset?: number;
  };
}

const concat = (pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(pieces.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
};

/** Little-endian fields of 2 or 4 bytes. */
function fields(...values: readonly [bytes: 2 | 4, value: number][]): Uint8Array {
  const out: number[] = [];
  for (const [bytes, value] of values) for (let i = 0; i < bytes; i++) out.push(Math.floor(value / 256 ** i) & 255);
  return Uint8Array.from(out);
}

/** An archive of the entries in their order. */
export function rawZip(entries: readonly RawEntry[]): Blob {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data, isStored = false, isOnlyListed = false, declared = {} } of entries) {
    const packed = isStored ? data : deflateSync(data);
    const bytes = new TextEncoder().encode(name);
    const { method = isStored ? 0 : 8, flags = 0x800, crc = crc32(data), size = data.length } = declared;
    const common = fields(
      [2, flags],
      [2, method],
      [4, 0],
      [4, crc],
      [4, declared.packed ?? packed.length],
      [4, size],
      [2, bytes.length],
    );
    const header = concat([fields([4, 0x04034b50], [2, 20]), common, fields([2, 0]), bytes]);
    directory.push(
      fields([4, 0x02014b50], [2, 0x0314], [2, 20]),
      common,
      fields([2, 0], [2, 0], [2, 0], [2, 0], [4, declared.attributes ?? 0], [4, declared.offset ?? at]),
      bytes,
    );
    if (isOnlyListed) continue;
    pieces.push(header, packed);
    at += header.length + packed.length;
  }
  const list = concat(directory);
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
    [4, list.length],
    [4, at],
  );
  return new Blob([concat([...pieces, list, end, fields([2, 0])])]);
}
