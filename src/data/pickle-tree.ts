/** What un-pickling may leave: a finite tree of known values, no larger than its file could honestly hold. */
import { NdArray, NumpyDtype, PickledObject } from "./numpy";

/** MANO's chumpy objects nest about ten deep. */
const MAX_DEPTH = 100;
/** A value of one byte (a number, a reference to an earlier one) counts once; more means that shared lists multiply. */
const VALUES_PER_BYTE = 4;
const FREE_VALUES = 10_000;

function childrenOf(value: object): readonly unknown[] {
  const kind = Object.getPrototypeOf(value);
  if (kind === Array.prototype) return value as unknown[];
  if (kind === Map.prototype) return [...(value as Map<unknown, unknown>)].flat(1);
  if (kind === Set.prototype) return [...(value as Set<unknown>)];
  if (kind === Uint8Array.prototype || value instanceof NdArray || value instanceof NumpyDtype) return [];
  if (value instanceof PickledObject) return [value.state];
  throw new Error("it builds an object of a kind that no data file needs");
}

/** Values that whoever reads the whole of `value` visits, without those below its children. */
function ownSize(value: object, children: readonly unknown[]): number {
  return 1 + (value instanceof NdArray ? value.length : children.length);
}

/**
 * Throws Error for a value that holds itself, is nested deeper than MAX_DEPTH, has an empty place, or grows beyond its file
 * when it is read: 100 bytes can build lists of lists that share each other, and reading all of 9^30 of them never ends.
 */
export function checkPickledTree(root: unknown, fileBytes: number): void {
  const most = VALUES_PER_BYTE * fileBytes + FREE_VALUES;
  /** Values below each finished object; NaN while it is being walked. */
  const sizes = new Map<object, number>();
  const path: { value: object; children: readonly unknown[]; next: number; size: number }[] = [];

  /** Size of a child, or undefined when it must be walked first. */
  const enter = (value: unknown): number | undefined => {
    if (value === undefined) throw new Error("it takes a value from an empty stack");
    if (typeof value !== "object" || value === null) return 0;
    const known = sizes.get(value);
    if (known !== undefined) {
      if (Number.isNaN(known)) throw new Error("a list or dictionary holds itself");
      return known;
    }
    if (path.length === MAX_DEPTH) throw new Error(`values are nested deeper than ${MAX_DEPTH}`);
    const children = childrenOf(value);
    sizes.set(value, Number.NaN);
    path.push({ value, children, next: 0, size: ownSize(value, children) });
    return undefined;
  };

  enter(root);
  while (path.length > 0) {
    const top = path[path.length - 1];
    if (top.size > most) {
      throw new Error(`shared values grow to more than ${most}, which ${fileBytes} bytes do not hold`);
    }
    if (top.next === top.children.length) {
      sizes.set(top.value, top.size);
      path.pop();
      if (path.length > 0) path[path.length - 1].size += top.size;
      continue;
    }
    const size = enter(top.children[top.next++]);
    if (size !== undefined) top.size += size;
  }
}
