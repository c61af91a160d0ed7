/**
 * The lists of a JSON object, element by element, without ever turning the file into one text: a COCO file of DexYCB has more
 * than a gigabyte, beyond the longest string of a JavaScript engine. Finds the elements; what they hold is the caller's matter.
 */
import { DataError } from "./data-error";

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Deeper nesting is no annotation. */
const MAX_DEPTH = 64;

/** One element of a list: where it stands, and its value; `value` is undefined when its text is not JSON (Python writes NaN). */
export interface ListElement {
  /** Key of the list in the file's object. */
  readonly list: string;
  /** Place in the list, from 0. */
  readonly index: number;
  readonly value: unknown;
  /** Byte after the element. */
  readonly end: number;
}

class Scanner {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  fail(expected: string): DataError {
    const found =
      this.at < this.#bytes.length
        ? `${JSON.stringify(String.fromCharCode(this.#bytes[this.at]))} at byte ${this.at}`
        : `the end of the file at byte ${this.at}`;
    return new DataError(`${this.#name}: found ${found}, expected ${expected}; is the file whole?`, "JSON damaged");
  }

  /** The next byte that is no white space, not taken. */
  peek(): number {
    const bytes = this.#bytes;
    while (bytes[this.at] === 0x20 || (bytes[this.at] >= 0x09 && bytes[this.at] <= 0x0d)) this.at++;
    return bytes[this.at];
  }

  take(byte: number, expected: string): void {
    if (this.peek() !== byte) throw this.fail(expected);
    this.at++;
  }

  /** Past one value, which is only delimited, not checked. */
  skip(): { from: number; to: number } {
    const bytes = this.#bytes;
    this.peek();
    const from = this.at;
    let at = from;
    let depth = 0;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
        // A string that stands alone is the whole value.
        if (depth === 0) {
          at++;
          break;
        }
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (++depth > MAX_DEPTH) {
          this.at = at;
          throw this.fail(`lists and objects at most ${MAX_DEPTH} deep`);
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (depth === 0) break;
        if (--depth === 0) {
          at++;
          break;
        }
      } else if (byte === COMMA && depth === 0) break;
    }
    this.at = Math.min(at, bytes.length);
    if (depth > 0 || at > bytes.length || this.at === from) throw this.fail("a whole JSON value");
    return { from, to: this.at };
  }

  /** The value between two bytes; undefined when it is not JSON. */
  value({ from, to }: { from: number; to: number }): unknown {
    try {
      return JSON.parse(this.#decoder.decode(this.#bytes.subarray(from, to)));
    } catch {
      return undefined;
    }
  }
}

/**
 * The elements of those lists of the object in `bytes` whose keys are in `wanted`, in the order of the file. Other keys are
 * skipped. Throws DataError naming the file and the byte where it stops being an object of lists.
 */
export function* listElements(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
  name: string,
): Generator<ListElement, void, undefined> {
  const scan = new Scanner(bytes, name);
  scan.take(OPEN_OBJECT, 'a JSON object, "{"');
  if (scan.peek() === CLOSE_OBJECT) return;
  for (;;) {
    if (scan.peek() !== QUOTE) throw scan.fail("a key in double quotes");
    const key = scan.value(scan.skip());
    scan.take(COLON, '":"');
    if (typeof key === "string" && wanted.has(key)) {
      scan.take(OPEN_LIST, `a list, "[", as the value of "${key}"`);
      if (scan.peek() === CLOSE_LIST) scan.at++;
      else {
        for (let index = 0; ; index++) {
          const value = scan.value(scan.skip());
          yield { list: key, index, value, end: scan.at };
          if (scan.peek() === CLOSE_LIST) {
            scan.at++;
            break;
          }
          scan.take(COMMA, '"," or "]"');
        }
      }
    } else scan.skip();
    if (scan.peek() === CLOSE_OBJECT) return;
    scan.take(COMMA, '"," or "}"');
  }
}
