import type {
  Baselines,
  Breakdown,
  DebugBatchFields,
  DebugLossFields,
  EvaluatedLine,
  LogKind,
  LogRun,
  Point,
  Remark,
  RemarkKind,
  Series,
  Split,
} from "./types";

/** Points kept of a curve, terms of a breakdown, curves of a run: a log of any size gives a book of bounded size. */
const MOST_POINTS = 4096;
const MOST_BREAKDOWNS = 4096;
const MOST_SERIES = 200;
const MOST_BLOCKS = 64;
const MOST_EVALUATIONS = 4096;

/** Keeps every n-th entry, n doubling when `most` is reached. */
class Thinned<T> {
  items: T[] = [];
  #every = 1;
  count = 0;

  constructor(private readonly most: number) {}

  add(item: T): void {
    if (this.count % this.#every === 0) {
      this.items.push(item);
      if (this.items.length > this.most) {
        this.items = this.items.filter((_, i) => i % 2 === 0);
        this.#every *= 2;
      }
    }
    this.count++;
  }
}

class Curve {
  readonly points = new Thinned<Point>(MOST_POINTS);
  first: Point | undefined;
  last: Point | undefined;
  lowest: Point | undefined;
  highest: Point | undefined;
  nonFinite = 0;
  firstNonFinite: Point | undefined;

  add(point: Point): void {
    this.points.add(point);
    this.first ??= point;
    this.last = point;
    if (!Number.isFinite(point.value)) {
      this.nonFinite++;
      this.firstNonFinite ??= point;
      return;
    }
    if (!this.lowest || point.value < this.lowest.value) this.lowest = point;
    if (!this.highest || point.value > this.highest.value) this.highest = point;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Gathers one run while its log is read. */
export class RunBuilder {
  kind: LogKind = "unknown";
  epoch: number | undefined;
  lastStep = -1;
  stepsPerEpoch: number | undefined;
  lastLine: number;
  baselines: Mutable<Baselines> = {};
  isResumed = false;
  /** Lines that only one kind of trainer writes. */
  readonly marks: Record<Exclude<LogKind, "unknown">, number> = { original: 0, lightning: 0, events: 0, handloom: 0 };
  readonly facts: Record<string, number> = {};
  readonly clipped = { steps: 0, clipped: 0 };
  readonly nonFiniteGradients = { count: 0, line: 0 };
  readonly debugBatches: Mutable<DebugBatchFields>[] = [];
  readonly debugLosses: Mutable<DebugLossFields>[] = [];
  readonly evaluated: EvaluatedLine[] = [];
  readonly #curves = new Map<string, Curve>();
  readonly #breakdowns = new Thinned<Breakdown>(MOST_BREAKDOWNS);
  readonly #remarks = new Map<RemarkKind, Mutable<Remark>>();

  constructor(
    readonly file: string,
    readonly firstLine: number,
  ) {
    this.lastLine = firstLine;
  }

  point(name: string, split: Split, point: Point): void {
    const key = `${split}/${name}`;
    let curve = this.#curves.get(key);
    if (!curve) {
      if (this.#curves.size >= MOST_SERIES) return;
      curve = new Curve();
      this.#curves.set(key, curve);
    }
    curve.add(point);
  }

  breakdown(breakdown: Breakdown): void {
    this.#breakdowns.add(breakdown);
  }

  evaluation(line: EvaluatedLine): void {
    if (this.evaluated.length < MOST_EVALUATIONS) this.evaluated.push(line);
  }

  remark(kind: RemarkKind, text: string, line: number): void {
    const known = this.#remarks.get(kind);
    if (known) known.count++;
    else this.#remarks.set(kind, { kind, text: text.trim().slice(0, 200), line, count: 1 });
  }

  /** A block of debug lines; undefined when there are enough. */
  debugBatch(index: number, line: number): void {
    if (this.debugBatches.length < MOST_BLOCKS) this.debugBatches.push({ index, line });
  }

  debugLoss(line: number): void {
    if (this.debugLosses.length < MOST_BLOCKS) this.debugLosses.push({ line });
  }

  /** The first number of that name stands: later ones may be progress. */
  fact(name: string, value: number): void {
    if (Number.isFinite(value) && !Object.hasOwn(this.facts, name)) this.facts[name] = value;
  }

  /** Whether a trainer's own lines were read: a progress bar alone may run ahead of what is printed. */
  get hasContent(): boolean {
    return this.#breakdowns.count > 0 || this.evaluated.length > 0 || this.#curves.has("val/mpjpe");
  }

  get isEmpty(): boolean {
    return (
      this.#curves.size === 0 &&
      this.evaluated.length === 0 &&
      this.debugBatches.length === 0 &&
      this.debugLosses.length === 0
    );
  }

  get hasRemarks(): boolean {
    return this.#remarks.size > 0;
  }

  finish(name: string): LogRun {
    const { file, firstLine, lastLine, debugBatches, debugLosses, evaluated, baselines, facts, isResumed } = this;
    const series = [...this.#curves].map(([key, curve]): Series => {
      const split: Split = key.startsWith("val/") ? "val" : "train";
      const { first, last, lowest, highest, nonFinite, firstNonFinite } = curve;
      const { items, count } = curve.points;
      const points = items.at(-1) === last ? items : [...items, last!];
      const name = key.slice(split.length + 1);
      return { name, split, points, count, first: first!, last: last!, lowest, highest, nonFinite, firstNonFinite };
    });
    return {
      ...{ name, file, kind: this.#kind(), firstLine, lastLine, series, debugBatches, debugLosses, evaluated },
      ...{ baselines, facts, isResumed, breakdowns: this.#breakdowns.items, remarks: [...this.#remarks.values()] },
      ...{ clipped: this.clipped, nonFiniteGradients: this.nonFiniteGradients },
    };
  }

  #kind(): LogKind {
    const { handloom, events, lightning, original } = this.marks;
    if (handloom > 0) return "handloom";
    if (events > 0) return "events";
    if (lightning > original) return "lightning";
    return original > 0 ? "original" : this.kind;
  }
}
