/** Whether JSON that was read back has the shape of what was written: what is on a disk may have been changed or cut. */

/** A JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A whole number from 0 on. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A text. */
export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** A list whose elements are all so. */
export function isListOf<T>(value: unknown, isElement: (element: unknown) => element is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isElement);
}

/** Tests for a pair. */
export function isPairOf<A, B>(
  isFirst: (value: unknown) => value is A,
  isSecond: (value: unknown) => value is B,
): (value: unknown) => value is readonly [A, B] {
  return (value): value is readonly [A, B] =>
    Array.isArray(value) && value.length === 2 && isFirst(value[0]) && isSecond(value[1]);
}
