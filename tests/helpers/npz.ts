/** .npz archives for tests, as numpy's savez writes them. */
import { zipSync } from "fflate";

/** Numbers of one array. */
export interface NpyValues {
  readonly dtype: "f4" | "f8" | "u1" | "i8";
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

function npyBytes({ dtype, shape, data }: NpyValues): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const order = dtype === "u1" ? "|" : "<";
  let header = `{'descr': '${order}${dtype}', 'fortran_order': False, 'shape': (${sides}), }`;
  header = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const prefix = Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  const values = {
    f4: () => Float32Array.from(data),
    f8: () => Float64Array.from(data),
    u1: () => Uint8Array.from(data),
    i8: () => BigInt64Array.from(Array.from(data, BigInt)),
  }[dtype]();
  const out = new Uint8Array(10 + header.length + values.byteLength);
  out.set(prefix);
  out.set(new TextEncoder().encode(header), 10);
  out.set(new Uint8Array(values.buffer), 10 + header.length);
  return out;
}

/** Arrays by name as an .npz archive, deflated unless `level` is 0. */
export function npz(arrays: Readonly<Record<string, NpyValues>>, options: { level?: 0 | 6 } = {}): Uint8Array {
  const files = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [`${name}.npy`, npyBytes(values)]));
  return zipSync(files, { level: options.level ?? 6, mtime: new Date(2026, 0, 1) });
}
