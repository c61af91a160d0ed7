/** A snapshot as safetensors files with PyTorch's keys, and back. */
import { readSafetensors, type SafeTensor, writeSafetensors } from "../export/safetensors";
import { type SnapshotEntry, type SnapshotLayout, snapshotBytes, snapshotFloats } from "./snapshot";

/** Adam's state by the names of torch.optim.AdamW, before the parameter's name. */
const MOMENTS = [
  ["exp_avg.", "m"],
  ["exp_avg_sq.", "v"],
] as const;

type Tensors = ReadonlyMap<string, SafeTensor>;
type Named = Pick<SnapshotEntry, "name" | "shape">;

/** model.safetensors of a snapshot: all parameters and state under their checkpoint keys. */
export function modelFile({ entries }: SnapshotLayout, snapshot: ArrayBufferLike): Uint8Array<ArrayBuffer> {
  const floats = snapshotFloats(snapshot);
  return writeSafetensors(
    new Map(
      entries.map(({ name, shape, size, storedAs, value }): [string, SafeTensor] => {
        const data = floats.slice(value, value + size);
        if (storedAs === "f32") return [name, { dtype: "F32", shape, data }];
        return [name, { dtype: "I64", shape, data: BigInt64Array.from(data, (x) => BigInt(x)) }];
      }),
    ),
  );
}

/** optimizer.safetensors of a snapshot: first moments, then second ones. */
export function optimizerFile({ entries }: SnapshotLayout, snapshot: ArrayBufferLike): Uint8Array<ArrayBuffer> {
  const floats = snapshotFloats(snapshot);
  const tensors = new Map<string, SafeTensor>();
  for (const [prefix, which] of MOMENTS) {
    for (const { name, shape, size, moments } of entries) {
      if (!moments) continue;
      tensors.set(`${prefix}${name}`, {
        dtype: "F32",
        shape,
        data: floats.slice(moments[which], moments[which] + size),
      });
    }
  }
  return writeSafetensors(tensors);
}

/**
 * A new snapshot of a checkpoint's two files, its state header unset; in shared memory where this page may share it. Throws a
 * sentence when they are of another network. `withoutMoments` counts parameters whose moments the file lacks and that are 0:
 * only `mayLackMoments`, for files that left out what the optimiser did not move, allows any.
 */
export function snapshotOf(
  layout: SnapshotLayout,
  model: { readonly bytes: Uint8Array; readonly file: string },
  optimizer: { readonly bytes: Uint8Array; readonly file: string },
  mayLackMoments: boolean,
): { readonly snapshot: ArrayBufferLike; readonly withoutMoments: number } {
  const values = tensorsOf(model.bytes, model.file, layout.entries);
  const trained = layout.entries.filter(({ moments }) => moments !== undefined);
  const expected = MOMENTS.flatMap(([prefix]) => trained.map(({ name, shape }) => ({ name: prefix + name, shape })));
  const { tensors } = readSafetensors(optimizer.bytes, optimizer.file);
  const found = mayLackMoments ? expected.filter(({ name }) => tensors.has(name)) : expected;
  checkTensors(tensors, found, optimizer.file);
  const bytes = snapshotBytes(layout);
  const snapshot = typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  const floats = snapshotFloats(snapshot);
  for (const { name, value } of layout.entries) floats.set(numbers(values.get(name)!), value);
  for (const [prefix, which] of MOMENTS) {
    for (const { name, moments } of trained) {
      const tensor = tensors.get(prefix + name);
      if (tensor) floats.set(numbers(tensor), moments![which]);
    }
  }
  return { snapshot, withoutMoments: (expected.length - found.length) / MOMENTS.length };
}

/** The tensors of a model's file. Throws when a key is missing, unknown or of another shape, naming the first and counting the rest. */
export function tensorsOf(bytes: Uint8Array, file: string, parameters: readonly Named[]): Tensors {
  const { tensors } = readSafetensors(bytes, file);
  checkTensors(tensors, parameters, file);
  return tensors;
}

/** A tensor's numbers as floats; int64 ones are counts. */
export const numbers = ({ data }: SafeTensor): Float32Array<ArrayBuffer> =>
  data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);

function checkTensors(tensors: Tensors, parameters: readonly Named[], file: string): void {
  const known = new Set(parameters.map(({ name }) => name));
  const unknown = [...tensors.keys()].filter((name) => !known.has(name));
  const missing = [...known].filter((name) => !tensors.has(name));
  if (unknown.length > 0 || missing.length > 0) {
    const parts = [
      missing.length > 0 ? `${missing.length} parameters are missing (first "${missing[0]}")` : "",
      unknown.length > 0 ? `${unknown.length} are not of this network (first "${unknown[0]}")` : "",
    ];
    throw new Error(
      `${file}: ${parts.filter((part) => part !== "").join(", ")}; is it a checkpoint of another preset?`,
    );
  }
  for (const { name, shape } of parameters) {
    const found = tensors.get(name)!.shape;
    if (found.join() !== shape.join())
      throw new Error(`${file}: "${name}" has shape [${found.join(", ")}], expected [${shape.join(", ")}]`);
  }
}
