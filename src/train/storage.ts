/** Where a run keeps its files: a folder in Node, IndexedDB in a page. A file is written whole or not at all. */
export interface RunStorage {
  /** What to tell people: "runs/demo" or "this browser (IndexedDB), run demo". */
  readonly place: string;
  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /**
   * Several files that become visible together: a checkpoint. `folder` must not exist yet or is replaced whole. Files of
   * `beside`, by path, are replaced with it, or after it where a folder and a file cannot change at once. When it resolves, all are
   * kept, whatever is killed afterwards.
   */
  commit(
    folder: string,
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
    beside?: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  ): Promise<void>;
  /** Throws a sentence naming the file when it is missing. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Paths of all files, sorted. */
  list(): Promise<readonly string[]>;
  /** Removes a folder with all in it, or a file; nothing where there is none. */
  remove(path: string): Promise<void>;
}

/** There is no room for what was to be written. Whatever was stored before is whole; the message says what to do. */
export class StorageFull extends Error {
  override readonly name = "StorageFull";
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** A text file that grows: lines are gathered and the whole file is rewritten at `flush`. */
export class LineFile {
  readonly #lines: string[] = [];
  /** Lines that are in the file. */
  #written: number;

  constructor(
    private readonly storage: RunStorage,
    private readonly path: string,
    earlier = "",
  ) {
    if (earlier !== "") this.#lines.push(...earlier.replace(/\n$/, "").split("\n"));
    this.#written = this.#lines.length;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  /** Nothing where all lines are in the file already. Rejects as the storage does; the next flush tries again. */
  async flush(): Promise<void> {
    const count = this.#lines.length;
    if (count === this.#written) return;
    await this.storage.write(this.path, utf8(`${this.#lines.join("\n")}\n`));
    this.#written = count;
  }
}
