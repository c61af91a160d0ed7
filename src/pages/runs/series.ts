/** Growing series of numbers, and the pyramid of their extremes from which any stretch is drawn at the same cost. Knows no chart. */

/** Values that a block of one level covers of the level below. */
const FANOUT = 16;
/** Blocks of 16, 256, 4096 and 65,536 values. */
const LEVELS = 4;

/** Numbers in one growing typed array. */
export class Numbers {
  #values = new Float64Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#values = grown(this.#values, Float64Array);
    this.#values[this.#length++] = value;
  }

  /** NaN beyond the end. */
  at(index: number): number {
    return index < this.#length ? this.#values[index] : Number.NaN;
  }

  get last(): number {
    return this.at(this.#length - 1);
  }

  /** The first index whose number is at least `value`, of numbers that never fall; `length` where there is none. */
  lowerBound(value: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Indices of the least and the greatest value of each block; -1 where all are gaps. */
interface Level {
  low: Int32Array;
  high: Int32Array;
}

/** Values of one curve, NaN for a gap, with their extremes at hand. */
export class Series extends Numbers {
  readonly #levels: Level[] = Array.from({ length: LEVELS }, () => ({
    low: new Int32Array(16).fill(-1),
    high: new Int32Array(16).fill(-1),
  }));

  override push(value: number): void {
    const index = this.length;
    super.push(value);
    if (Number.isNaN(value)) return;
    let size = FANOUT;
    for (const level of this.#levels) {
      const block = Math.floor(index / size);
      if (block >= level.low.length) {
        level.low = grown(level.low, Int32Array, -1);
        level.high = grown(level.high, Int32Array, -1);
      }
      if (level.low[block] < 0 || value < this.at(level.low[block])) level.low[block] = index;
      if (level.high[block] < 0 || value > this.at(level.high[block])) level.high[block] = index;
      size *= FANOUT;
    }
  }

  /** Indices of the least and the greatest value of [from, to), the first of equals; undefined where all are gaps. */
  extremes(from: number, to: number): readonly [number, number] | undefined {
    let low = -1;
    let high = -1;
    for (let i = from; i < to; ) {
      let level = -1;
      let size = 1;
      // The largest block that begins here and ends in time.
      while (level + 1 < LEVELS && i % (size * FANOUT) === 0 && i + size * FANOUT <= to) {
        level++;
        size *= FANOUT;
      }
      const first = level < 0 ? this.#indexOf(i) : (this.#levels[level].low[i / size] ?? -1);
      const second = level < 0 ? first : (this.#levels[level].high[i / size] ?? -1);
      if (first >= 0 && (low < 0 || this.at(first) < this.at(low))) low = first;
      if (second >= 0 && (high < 0 || this.at(second) > this.at(high))) high = second;
      i += size;
    }
    return low < 0 ? undefined : [low, high];
  }

  #indexOf(index: number): number {
    return Number.isNaN(this.at(index)) ? -1 : index;
  }
}

/**
 * Feeds a series the exponential moving average of another as TensorBoard draws it: `weight` in [0, 1) of the past, with the
 * start's bias towards zero divided out (Kingma and Ba 2014, section 3). A gap stays a gap and leaves the average as it was.
 */
export class Smoothed {
  readonly series = new Series();
  #average = 0;
  #mass = 0;

  constructor(
    private readonly raw: Series,
    readonly weight: number,
  ) {}

  /** The average of all that the raw series holds by now. */
  update(): Series {
    for (let i = this.series.length; i < this.raw.length; i++) {
      const value = this.raw.at(i);
      if (!Number.isNaN(value)) {
        this.#average = this.weight * this.#average + (1 - this.weight) * value;
        this.#mass = this.weight * this.#mass + (1 - this.weight);
      }
      this.series.push(Number.isNaN(value) ? Number.NaN : this.#average / this.#mass);
    }
    return this.series;
  }
}

function grown<Values extends Float64Array | Int32Array>(
  values: Values,
  create: new (length: number) => Values,
  rest = 0,
): Values {
  const out = new create(2 * values.length);
  out.set(values);
  if (rest !== 0) out.fill(rest, values.length);
  return out;
}
