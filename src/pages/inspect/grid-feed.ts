/** Fetches what tiles show, a few samples at a time, and only for tiles that are still looked at. */

export interface FeedOptions<Value> {
  /** Answers for the places of a split, in any order. */
  readonly ask: (places: readonly number[]) => Promise<readonly Value[]>;
  /** Samples of one question. */
  readonly batch: number;
  /** Values that are kept; those that were looked at longest ago go first. */
  readonly keep: number;
  /** Something came. */
  readonly onValues: (places: readonly number[]) => void;
  /** A question failed; nothing more is asked before `clear`. */
  readonly onError: (error: unknown) => void;
}

/** One question at a time is under way: a rank answers them one after the other, and what waits can still be given up. */
export class Feed<Value extends { readonly index: number }> {
  #values = new Map<number, Value>();
  #wanted: readonly number[] = [];
  #isAsking = false;
  #hasFailed = false;
  #generation = 0;

  constructor(private readonly options: FeedOptions<Value>) {}

  /** undefined until it has come. */
  get(place: number): Value | undefined {
    return this.#values.get(place);
  }

  /** Places that are wanted and not there yet. */
  get missing(): number {
    return this.#wanted.filter((place) => !this.#values.has(place)).length;
  }

  /** All that is looked at, the most urgent first; what was wanted before and is not among them is not asked for. */
  want(places: readonly number[]): void {
    this.#wanted = places;
    for (const place of places) this.#touch(place);
    void this.#run();
  }

  /** Forgets everything: other samples, other weights, other sizes. */
  clear(): void {
    this.#generation++;
    this.#values = new Map();
    this.#wanted = [];
    this.#hasFailed = false;
  }

  #touch(place: number): void {
    const value = this.#values.get(place);
    if (value === undefined) return;
    this.#values.delete(place);
    this.#values.set(place, value);
  }

  async #run(): Promise<void> {
    if (this.#isAsking || this.#hasFailed) return;
    this.#isAsking = true;
    const { ask, batch, onValues, onError } = this.options;
    for (;;) {
      const places = this.#wanted.filter((place) => !this.#values.has(place)).slice(0, batch);
      if (places.length === 0 || this.#hasFailed) break;
      const generation = this.#generation;
      try {
        const values = await ask(places);
        if (generation !== this.#generation) continue;
        for (const value of values) this.#values.set(value.index, value);
        const lacking = places.find((place) => !this.#values.has(place));
        if (lacking !== undefined) throw new Error(`no answer for sample ${lacking}, which was asked for`);
        this.#forgetOld();
        onValues(places);
      } catch (error) {
        if (generation !== this.#generation) continue;
        this.#hasFailed = true;
        onError(error);
      }
    }
    this.#isAsking = false;
  }

  #forgetOld(): void {
    const wanted = new Set(this.#wanted);
    for (const place of this.#values.keys()) {
      if (this.#values.size <= this.options.keep) return;
      if (!wanted.has(place)) this.#values.delete(place);
    }
  }
}
