/** Reads what JSON holds into typed values, field by field; what is not as expected is a sentence with its place. */

/** Takes a parsed value at the place `at` ("crop.width"). Throws a sentence when it is something else. */
export type Field<T> = (found: unknown, at: string) => T;

/** Throws "crop.width is -3, expected a whole number from 1 on". */
function refuse(at: string, found: unknown, expected: string): never {
  throw new Error(`${at === "" ? "the file" : at} ${saidOf(found)}, expected ${expected}`);
}

function saidOf(found: unknown): string {
  if (found === undefined) return "is missing";
  if (typeof found === "string") return `is "${found.length > 40 ? `${found.slice(0, 40)} …` : found}"`;
  if (Array.isArray(found)) return `is a list of ${found.length}`;
  return `is ${typeof found === "object" && found !== null ? "an object" : String(found)}`;
}

/** null stands for NaN. */
export const number: Field<number> = (found, at) =>
  found === null ? Number.NaN : typeof found === "number" ? found : refuse(at, found, "a number");

/** A whole number from `least` on. */
export const whole =
  (least = 0): Field<number> =>
  (found, at) =>
    typeof found === "number" && Number.isSafeInteger(found) && found >= least
      ? found
      : refuse(at, found, `a whole number from ${least} on`);

export const text: Field<string> = (found, at) => (typeof found === "string" ? found : refuse(at, found, "a text"));

export const flag: Field<boolean> = (found, at) =>
  typeof found === "boolean" ? found : refuse(at, found, "true or false");

/** One of some words. */
export const oneOf =
  <T extends string>(words: readonly T[]): Field<T> =>
  (found, at) =>
    words.find((each) => each === found) ?? refuse(at, found, `one of ${words.join(", ")}`);

/** Undefined where nothing is there. */
export const optional =
  <T>(field: Field<T>): Field<T | undefined> =>
  (found, at) =>
    found === undefined ? undefined : field(found, at);

/** What the first of two can read, else the second, whose sentence it is. */
export const either =
  <A, B>(isFirst: (found: unknown) => boolean, first: Field<A>, second: Field<B>): Field<A | B> =>
  (found, at) =>
    isFirst(found) ? first(found, at) : second(found, at);

/** A list, of `length` where that is given. */
export const list =
  <T>(field: Field<T>, length?: number): Field<T[]> =>
  (found, at) => {
    if (!Array.isArray(found) || (length !== undefined && found.length !== length))
      refuse(at, found, length === undefined ? "a list" : `a list of ${length}`);
    return (found as unknown[]).map((each, i) => field(each, `${at}[${i}]`));
  };

/** Numbers by name. */
export const numbersByName: Field<Record<string, number>> = (found, at) =>
  Object.fromEntries(
    Object.entries(objectAt(found, at)).map(([name, value]) => [name, number(value, `${at}.${name}`)]),
  );

/** An object with a field for each key of T. Keys beside them are left alone. */
export const record =
  <T extends object>(fields: { readonly [Key in keyof T]-?: Field<T[Key]> }): Field<T> =>
  (found, at) => {
    const given = objectAt(found, at);
    const out: Partial<T> = {};
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      const value = fields[key](given[key], at === "" ? key : `${at}.${key}`);
      if (value !== undefined) out[key] = value;
    }
    return out as T;
  };

function objectAt(found: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof found !== "object" || found === null || Array.isArray(found)) refuse(at, found, "an object");
  return found as Readonly<Record<string, unknown>>;
}

const numbersAt = (found: unknown, at: string): readonly unknown[] =>
  Array.isArray(found) ? (found as unknown[]) : refuse(at, found, "a list of numbers");

/** Numbers of 32 bits; null stands for NaN. */
export const floats: Field<Float32Array> = (found, at) => {
  const given = numbersAt(found, at);
  const out = new Float32Array(given.length);
  for (let i = 0; i < given.length; i++) {
    const value = given[i];
    out[i] = typeof value === "number" ? value : number(value, `${at}[${i}]`);
  }
  return out;
};

/** Whole numbers from 0 to 2^32 - 1. */
export const counts: Field<Uint32Array> = (found, at) =>
  Uint32Array.from(numbersAt(found, at), (value, i) =>
    typeof value === "number" && value >>> 0 === value
      ? value
      : refuse(`${at}[${i}]`, value, "a whole number from 0 to 4294967295"),
  );

/** `{ "base64": "..." }`. */
export const bytes: Field<Uint8Array<ArrayBuffer>> = (found, at) => {
  const { base64 } = objectAt(found, at);
  const given = text(base64, `${at}.base64`);
  let raw: string;
  try {
    raw = atob(given);
  } catch {
    return refuse(`${at}.base64`, given, "bytes as base64");
  }
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
};

/** As `bytes`, for pictures. */
export const clamped: Field<Uint8ClampedArray<ArrayBuffer>> = (found, at) =>
  new Uint8ClampedArray(bytes(found, at).buffer);

/** The text that `bytes` reads. */
export function base64Of(values: Uint8Array | Uint8ClampedArray): string {
  let out = "";
  for (let i = 0; i < values.length; i += 4096) out += String.fromCharCode(...values.subarray(i, i + 4096));
  return btoa(out);
}
