/** Numbers that are not finite are found before they reach a device: one of them makes every weight NaN. */
import { DataError } from "./data-error";

/** True when every number is finite. Zero times a finite number is 0, times any other NaN. */
function isFiniteArray(values: ArrayLike<number>): boolean {
  const { length } = values;
  // Four sums: additions to a single one would wait for each other.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = length - (length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i] * 0;
    b += values[i + 1] * 0;
    c += values[i + 2] * 0;
    d += values[i + 3] * 0;
  }
  for (let i = whole; i < length; i++) a += values[i] * 0;
  return a + b + c + d === 0;
}

/** Throws DataError with `who`, the name of the array, and how many of its numbers are not finite. */
export function requireFinite(who: string, name: string, values: ArrayLike<number>, reason?: string): void {
  if (isFiniteArray(values)) return;
  const isBad = (_: unknown, i: number): boolean => !Number.isFinite(values[i]);
  const bad = Array.from(values, (_, i) => i).filter(isBad);
  const count = bad.length === 1 ? "1 number that is" : `${bad.length} numbers that are`;
  throw new DataError(`${who}: ${name} holds ${count} not finite (first: [${bad[0]}] is ${values[bad[0]]})`, reason);
}
