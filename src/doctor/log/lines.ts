/** Bytes to lines of text: chunks of any size, \n, \r\n and tqdm's \r, UTF-8 with lines in GB18030, UTF-16, ANSI codes. */

/** Longer lines are cut: no log line of interest is, and a search over it must stay short. */
export const LONGEST_LINE = 8192;

const LF = 10;
const CR = 13;

type Decode = (bytes: Uint8Array) => string;

function decoder(label: string, fatal: boolean): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal });
  } catch {
    return undefined; // a build without that table
  }
}

export interface LineNotes {
  /** Lines that are no UTF-8. */
  damaged: number;
  cut: number;
  partial: boolean;
  utf16: boolean;
}

/** Feeds `onLine(text, number)` line by line; a part that ends in \r counts as a line of the same number. */
export class LineSplitter {
  readonly notes: LineNotes = { damaged: 0, cut: 0, partial: false, utf16: false };
  #parts: Uint8Array[] = [];
  #length = 0;
  #number = 1;
  #isFirst = true;
  #wide: TextDecoder | undefined;
  readonly #utf8 = decoder("utf-8", true)!;
  readonly #fallback: Decode;

  constructor(private readonly onLine: (text: string, line: number) => void) {
    const gb = decoder("gb18030", false) ?? decoder("utf-8", false)!;
    this.#fallback = (bytes) => gb.decode(bytes);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#isFirst) {
      this.#isFirst = false;
      // PowerShell's tee writes UTF-16 with a byte order mark.
      if (chunk[0] === 0xff && chunk[1] === 0xfe) this.#wide = decoder("utf-16le", false);
      else if (chunk[0] === 0xfe && chunk[1] === 0xff) this.#wide = decoder("utf-16be", false);
      this.notes.utf16 = this.#wide !== undefined;
    }
    this.#split(this.#wide ? new TextEncoder().encode(this.#wide.decode(chunk, { stream: true })) : chunk);
  }

  /** The last line, if the file does not end in a newline. */
  end(): void {
    if (this.#length > 0) {
      this.notes.partial = true;
      this.#emit();
    }
  }

  get lines(): number {
    return this.#number - 1;
  }

  #split(bytes: Uint8Array): void {
    let start = 0;
    let lf = bytes.indexOf(LF);
    let cr = bytes.indexOf(CR);
    while (lf >= 0 || cr >= 0) {
      const isLf = lf >= 0 && (cr < 0 || lf < cr);
      const at = isLf ? lf : cr;
      this.#keep(bytes.subarray(start, at));
      start = at + 1;
      // At the \n of \r\n there is nothing left to hand over.
      this.#emit();
      if (isLf) {
        this.#number++;
        lf = bytes.indexOf(LF, start);
      } else cr = bytes.indexOf(CR, start);
    }
    if (start < bytes.length) {
      // Kept beyond this chunk, which its owner may use again.
      this.#keep(bytes.slice(start, start + LONGEST_LINE + 1));
    }
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    const room = LONGEST_LINE - this.#length;
    if (part.length > room) this.notes.cut++;
    if (room > 0) this.#parts.push(part.subarray(0, room));
    this.#length += Math.min(part.length, Math.max(0, room));
  }

  #emit(): void {
    if (this.#length === 0) return;
    const bytes = join(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    const text = plain(this.#decode(bytes));
    if (text.length > 0) this.onLine(text, this.#number);
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      this.notes.damaged++;
      return this.#fallback(bytes);
    }
  }
}

/** Parts one after the other, `length` bytes in all; a single one as it is. */
export function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Without ANSI escapes (CSI: ESC [ parameters letter; OSC: ESC ] ... BEL) and control characters. One pass. */
export function plain(text: string): string {
  let isPlain = true;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 32) {
      isPlain = false;
      break;
    }
  }
  if (isPlain) return text;
  const out: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 32) continue;
    out.push(text.slice(from, i));
    if (code === 9) out.push(" ");
    if (code === 27 && text[i + 1] === "[") {
      i += 2;
      while (i < text.length && text.charCodeAt(i) >= 0x20 && text.charCodeAt(i) < 0x40) i++;
    } else if (code === 27 && text[i + 1] === "]") {
      const end = text.indexOf("\u0007", i);
      i = end < 0 ? text.length : end;
    }
    from = i + 1;
  }
  out.push(text.slice(from));
  return out.join("");
}
