/** Searches within one line, counting every character looked at: no search goes back. */

// Alternatives differ in their first character and nothing is repeated inside a repetition: linear in the number's length.
const NUMBER = /[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40}|nan|inf(?:inity)?)(?:e[+-]?\d{1,5})?/iy;

export class Scanner {
  text = "";
  lower = "";
  /** Characters looked at since the start. */
  scanned = 0;

  /** Takes a line, with the prefixes of torchrun and srun removed: "[rank0]:", "[default1]:". Returns the rank, if named. */
  take(line: string): number | undefined {
    this.scanned += line.length;
    const rank = rankPrefix(line);
    this.text = rank ? line.slice(rank.length) : line;
    this.lower = this.text.toLowerCase();
    return rank?.rank;
  }

  has(label: string): boolean {
    return this.at(label) >= 0;
  }

  /** Where `label` (lower case) is, -1 when it is not there. */
  at(label: string, from = 0): number {
    const at = this.lower.indexOf(label, from);
    this.scanned += (at < 0 ? this.lower.length : at) - from;
    return at;
  }

  /** The number after `label` and any of " :=[(~'\"|" that follow; undefined when there is none. */
  after(label: string, from = 0): number | undefined {
    const at = this.at(label, from);
    return at < 0 ? undefined : this.numberAt(at + label.length);
  }

  /** The number at `from`, after separators. */
  numberAt(from: number): number | undefined {
    let i = from;
    while (i < this.text.length && i - from < 24 && " :=[(~'\"|,：（".includes(this.text[i])) i++;
    this.scanned += i - from;
    return this.#number(i)?.value;
  }

  /** Up to `most` numbers from `from` on, in order, until a closing bracket. */
  numbers(from: number, most: number): number[] {
    const found: number[] = [];
    let i = from;
    while (i < this.text.length && found.length < most) {
      const token = this.#number(i);
      if (token) {
        found.push(token.value);
        i = token.end;
      } else {
        if (found.length > 0 && "])".includes(this.text[i])) break;
        i++;
      }
    }
    this.scanned += i - from;
    return found;
  }

  #number(at: number): { readonly value: number; readonly end: number } | undefined {
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(this.text);
    if (!match) return undefined;
    this.scanned += match[0].length;
    return { value: readNumber(match[0]), end: at + match[0].length };
  }
}

/** Python's and JavaScript's way of writing numbers: "1.2e-05", "nan", "-inf", "Infinity". NaN where it is none. */
export function readNumber(text: string): number {
  const value = text.toLowerCase().replace(/^\+/, "");
  if (value.includes("inf")) return value.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(value);
}

function rankPrefix(line: string): { readonly rank: number; readonly length: number } | undefined {
  if (line[0] !== "[") return undefined;
  const word = line.startsWith("[rank") ? "[rank" : line.startsWith("[default") ? "[default" : undefined;
  if (!word) return undefined;
  const close = line.indexOf("]", word.length);
  const rank = Number(line.slice(word.length, close));
  if (close < 0 || close - word.length > 4 || close === word.length || !Number.isInteger(rank)) return undefined;
  return { rank, length: close + (line[close + 1] === ":" ? 2 : 1) };
}
