import type { StepTimes, TrainGroup } from "../train/ranks";
import {
  ABORT_WORD,
  type Abort,
  abortGroup,
  abortOf,
  COLLECTIVES,
  type Collective,
  GroupError,
  type GroupMemory,
  placeOf,
  STAGE_FLOATS,
  SUBMISSIONS_WORD,
  TIME_FLOATS,
  WORD,
  wordOf,
} from "./group-memory";
import { MeanReduction } from "./mean-reduction";
import { Table } from "./table";

const TABLE_PHASES = ["begins", "finishes"] as const;

/** Longest turn of a wait, ms: after each one the rank looks for an abort and shows that it is alive. */
const SLICE_MS = 50;
/** Time between two looks at a counter where the engine has no `Atomics.waitAsync`, ms. */
const POLL_MS = 4;

/** Submissions in flight over all ranks on a CPU adapter, which more of them only slow down. */
export const SOFTWARE_SUBMISSIONS = 2;

const TIMES = [
  "dataMs",
  "computeMs",
  "readMs",
  "reduceMs",
  "waitMs",
  "updateMs",
  "overlap",
] as const satisfies (keyof StepTimes)[];

export interface GroupOptions {
  /** How long a rank waits for another one that does no work, ms. Default 30 s. */
  readonly timeoutMs?: number;
  /** How long for one that has not started: it may still import data. Default 120 s. */
  readonly startTimeoutMs?: number;
  /** Most submissions in flight over all ranks, the same on each; undefined: as many as they like. */
  readonly submissions?: number;
  /** Ranks compute on different adapters. Default false. */
  readonly mixedAdapters?: boolean;
}

/**
 * One rank's end of a group. For workers of a page and of Node: waiting blocks the thread, so never on a page's main
 * thread (a group of one rank never waits). Every wait is bounded, and every collective throws a GroupError once the
 * group was aborted; the sentence names this rank, the collective and the rank at fault.
 *
 * Blocking: `barrier`, `agree`, `gatherWord`, `broadcast`, `table`, `Table.finish`, `finishMean`. A device's answers come through the
 * event loop, which a blocked thread does not run, so no promise of the GPU may be pending then. Read back through
 * `reading`, await it, and only then block; a blocking call with a read-back pending throws. `publish` and `reduceReady`
 * never block, which is how a bucket is reduced while the next one is read back:
 *
 *     for (const subtree of group.subtrees.keys()) {
 *       for (let bucket = 0; bucket < buckets; bucket++) {
 *         group.publish(bucket, subtree, await group.reading(readSum(subtree, bucket)));
 *         group.reduceReady();
 *       }
 *     }
 *     const means = group.finishMean();
 *
 * The mean: with M micro-batches, x_m their values, d = log2 M, u = 2^-24 and g = d u / (1 - d u), each element is the
 * pairwise sum in the tree of `reductionTree`, every addition rounded to float32 by the rule of mean-loops.ts, divided by M,
 * which is exact, with an error of at most g * (sum of |x_m|) / M (Higham 2002, "Accuracy and Stability of Numerical
 * Algorithms", section 4.2), barring overflow and results below the smallest normal float32. The additions and their order do not depend on the number of ranks, so the bits
 * do not either. A NaN or infinity in one micro-batch is in the mean of every rank.
 */
export class ProcessGroup implements TrainGroup {
  readonly rank: number;
  readonly worldSize: number;
  readonly generation: number;
  readonly mixedAdapters: boolean;
  /** This rank's micro-batches: `first` to `end - 1`. */
  readonly microBatches: { readonly first: number; readonly end: number };
  /** Whole subtrees of the tree that this rank sums, ascending. */
  readonly subtrees: readonly { readonly first: number; readonly end: number }[];
  readonly #words: Int32Array;
  readonly #stage: Float32Array;
  readonly #mean: MeanReduction;
  readonly #timeoutMs: number;
  readonly #startTimeoutMs: number;
  readonly #calls = new Map<Collective, number>();
  readonly #tables = new Map<string, Table>();
  #barriers = 0;
  #published = 0;
  #reduced = 0;
  #finished = 0;
  #reading = 0;
  #submissions = 0;
  readonly #times: Float32Array;
  readonly #mostSubmissions: number;

  /** Takes the rank's place. Throws a sentence when it is not 0 to worldSize - 1, is taken, or this thread cannot wait. */
  constructor(
    rank: number,
    readonly memory: GroupMemory,
    options: GroupOptions = {},
  ) {
    const { worldSize, generation, control, stage, times } = memory;
    const { submissions } = options;
    if (!(Number.isInteger(rank) && rank >= 0 && rank < worldSize)) {
      throw new Error(`rank ${rank} of a group of ${worldSize}, expected 0 to ${worldSize - 1}`);
    }
    if (submissions !== undefined && !(Number.isInteger(submissions) && submissions >= 1)) {
      throw new Error(`rank ${rank}: at most ${submissions} submissions in flight, expected 1 or more, or no limit`);
    }
    this.rank = rank;
    this.mixedAdapters = options.mixedAdapters ?? false;
    this.#mostSubmissions = submissions ?? Number.POSITIVE_INFINITY;
    this.#times = new Float32Array(times);
    this.worldSize = worldSize;
    this.generation = generation;
    this.#words = new Int32Array(control);
    this.#stage = new Float32Array(stage);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#startTimeoutMs = options.startTimeoutMs ?? 120_000;
    if (worldSize > 1) requireWait(this.#words, rank);
    if (Atomics.compareExchange(this.#words, wordOf(rank, WORD.state), 0, 1) !== 0) {
      throw new Error(`rank ${rank} of generation ${generation} is taken; a group that forms again needs new buffers`);
    }
    this.#mean = new MeanReduction(rank, memory);
    this.microBatches = { first: this.#mean.first, end: this.#mean.end };
    this.subtrees = this.#mean.own.map(({ first, end }) => ({ first, end }));
    this.beat();
  }

  /** Work was done: resets the patience of those who wait for this rank. For long work between two collectives. */
  beat(): void {
    Atomics.add(this.#words, wordOf(this.rank, WORD.progress), 1);
    Atomics.add(this.#words, wordOf(this.rank, WORD.alive), 1);
  }

  /** Shows the watchdog that the event loop runs, however long an answer of the GPU takes; returns what ends it. */
  keepAlive(everyMs = 200): () => void {
    const timer = setInterval(() => Atomics.add(this.#words, wordOf(this.rank, WORD.alive), 1), everyMs);
    return () => clearInterval(timer);
  }

  /**
   * For the time that this rank waits for a person or works for one, a pause or a profile: other ranks' waits and the
   * watchdog have patience with it for as long as its event loop runs. Returns what ends it.
   */
  rest(everyMs = 200): () => void {
    const timer = setInterval(() => this.beat(), everyMs);
    return () => {
      clearInterval(timer);
      this.beat();
    };
  }

  /**
   * Resolves when this rank may submit: fewer than `submissions` are in flight over all ranks; at once without that limit.
   * Never blocks the thread. Rejects with a GroupError when the group was aborted.
   */
  async acquireSubmission(): Promise<void> {
    for (;;) {
      this.check();
      if (this.#mostSubmissions === Number.POSITIVE_INFINITY) return;
      const inFlight = Atomics.load(this.#words, SUBMISSIONS_WORD);
      if (inFlight >= this.#mostSubmissions) {
        await changed(this.#words, SUBMISSIONS_WORD, inFlight);
        // Waits for whoever submitted; that one is suspected when its GPU hangs, not this rank.
        this.beat();
      } else if (Atomics.compareExchange(this.#words, SUBMISSIONS_WORD, inFlight, inFlight + 1) === inFlight) {
        this.#submissions++;
        return;
      }
    }
  }

  /** The work of an acquired submission is done. Throws a sentence when none was acquired. */
  releaseSubmission(): void {
    if (this.#mostSubmissions === Number.POSITIVE_INFINITY) return;
    if (this.#submissions === 0) throw new Error(`rank ${this.rank}: a submission was released, but none is in flight`);
    this.#submissions--;
    Atomics.sub(this.#words, SUBMISSIONS_WORD, 1);
    Atomics.notify(this.#words, SUBMISSIONS_WORD);
    this.beat();
  }

  /** This rank's times of the last step, for whoever asks `timesOf`. No collective: a reader may see a mixture of two steps. */
  reportTimes(times: StepTimes): void {
    for (const [i, name] of TIMES.entries()) this.#times[TIME_FLOATS * this.rank + i] = times[name];
  }

  /** What a rank reported last; zeros before its first step. */
  timesOf(rank: number): StepTimes {
    const at = (name: (typeof TIMES)[number]): number => this.#times[TIME_FLOATS * rank + TIMES.indexOf(name)];
    return {
      ...{ dataMs: at("dataMs"), computeMs: at("computeMs"), readMs: at("readMs") },
      ...{ reduceMs: at("reduceMs"), waitMs: at("waitMs"), updateMs: at("updateMs") },
      overlap: at("overlap"),
    };
  }

  /** Passes on a read-back; until it has settled, blocking collectives throw. */
  async reading<T>(answer: Promise<T>): Promise<T> {
    this.#reading++;
    try {
      return await answer;
    } finally {
      this.#reading--;
      this.beat();
    }
  }

  /** Ends the group for all ranks because this one cannot go on. */
  abort(error: unknown): void {
    const text = `rank ${this.rank} threw: ${error instanceof Error ? error.message : String(error)}`;
    abortGroup(this.memory, { reason: "threw", rank: this.rank, text });
  }

  /** Throws when the group was aborted; for long work between two collectives. Never blocks. */
  check(): void {
    const abort = abortOf(this.memory);
    if (abort) throw new GroupError(`rank ${this.rank}, outside of a collective: ${abort.text}`, abort);
  }

  /** This rank is done and not to be waited for; a later collective of another one that needs it times out. */
  leave(): void {
    Atomics.store(this.#words, wordOf(this.rank, WORD.state), 2);
  }

  /** Returns once every rank has called it. Blocks. */
  barrier(): void {
    this.#meet("barrier", this.#enter("barrier"));
    this.#exit();
  }

  /**
   * The bits that at least one rank has set, 31 of them: requests to stop, pause or save, which all ranks must follow in
   * the same step. Blocks.
   */
  agree(bits: number): number {
    this.#meet("agree", this.#enter("agree"), bits);
    let all = 0;
    for (let rank = 0; rank < this.worldSize; rank++) all |= this.#said(rank, WORD.argument);
    this.#exit();
    return all;
  }

  /** Every rank's number of 32 bits, [worldSize], as signed numbers. Blocks. */
  gatherWord(word: number): Int32Array {
    this.#meet("gather", this.#enter("gather"), word | 0);
    const all = Int32Array.from({ length: this.worldSize }, (_, rank) => this.#said(rank, WORD.argument));
    this.#exit();
    return all;
  }

  /** Replaces `values` on every rank by those of rank `from`, bit by bit, 64 Ki floats at a time. Blocks. */
  broadcast(values: Float32Array, from: number): void {
    const call = this.#enter("broadcast");
    if (!(Number.isInteger(from) && from >= 0 && from < this.worldSize))
      this.#fail("mismatch", this.rank, `rank ${this.rank} called broadcast from rank ${from} of ${this.worldSize}`);
    // Bits, not floats: an engine may change a NaN that it copies as a number.
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const stage = new Uint32Array(this.#stage.buffer);
    for (let at = 0; at === 0 || at < bits.length; at += STAGE_FLOATS) {
      const piece = bits.subarray(at, at + STAGE_FLOATS);
      if (this.rank === from) stage.set(piece);
      this.#meet("broadcast", call, bits.length, from);
      if (this.rank !== from) piece.set(stage.subarray(0, piece.length));
      this.#meet("broadcast", call, bits.length, from);
    }
    this.#exit();
  }

  /**
   * Begins to fill the first `rows` rows of a table together; returns once every rank has, because results of the last
   * time may still be read before. Blocks. Throws when there is no such table or it has fewer rows.
   */
  table(name: string, rows: number): Table {
    const shape = this.memory.tables[name];
    if (!shape) {
      const known = Object.keys(this.memory.tables).join(", ") || "none";
      throw new Error(`rank ${this.rank}: there is no table "${name}" in the group; it has ${known}`);
    }
    if (!(Number.isInteger(rows) && rows >= 0 && rows <= shape.rows)) {
      throw new Error(`rank ${this.rank}: table "${name}" was asked for ${rows} rows, it has ${shape.rows}`);
    }
    this.#meetTable(name, rows, "begins");
    let table = this.#tables.get(name);
    if (!table) {
      table = new Table(name, this.rank, this.memory, {
        work: () => {
          this.beat();
          this.check();
        },
        meet: (count) => this.#meetTable(name, count, "finishes"),
        fail: (rank, text) => this.#fail("mismatch", rank, text, "all-gather", this.#callOf("all-gather")),
      });
      this.#tables.set(name, table);
    }
    table.begin(rows);
    return table;
  }

  #meetTable(name: string, rows: number, phase: (typeof TABLE_PHASES)[number]): void {
    const detail = 2 * Object.keys(this.memory.tables).indexOf(name) + TABLE_PHASES.indexOf(phase);
    this.#meet("all-gather", this.#enter("all-gather"), rows, detail);
    this.#exit();
  }

  /**
   * Gives the sum of one of this rank's subtrees (its place in `subtrees`) in a bucket: subtrees in ascending order and
   * within the last one buckets in ascending order. Copies it; never blocks. Throws a sentence when the order or the count
   * is another.
   */
  publish(bucket: number, subtree: number, values: Float32Array): void {
    this.#checkAbort("all-reduce", this.#callOf("all-reduce") + 1);
    const due = this.#published - this.#finished;
    if (bucket < due) {
      throw new Error(`rank ${this.rank}: bucket ${bucket} was published again before the mean was finished`);
    }
    if (subtree === this.subtrees.length - 1 && bucket > due) {
      throw new Error(`rank ${this.rank}: bucket ${bucket} of the last subtree was published, expected ${due}`);
    }
    if (this.#mean.add(bucket, subtree, values)) {
      this.#published++;
      this.#advance(WORD.published);
    }
    this.beat();
  }

  /** What all ranks published, [slot][bucket], in shared memory; complete after `finishMean` until the next `publish` of any rank. */
  published(): ReturnType<TrainGroup["published"]> {
    const { subtrees } = this.memory.tree;
    return subtrees.map((subtree, slot) => ({ ...subtree, buckets: this.#mean.slots[slot] }));
  }

  /** Reduces this rank's share of every bucket that all ranks have published. Never blocks. Returns how many of this all-reduce are done: 0 to all of them. */
  reduceReady(): number {
    while (this.#reduced < this.#published && this.#everyone(WORD.published, this.#reduced + 1)) this.#reduceNext();
    return this.#reduced - this.#finished;
  }

  #reduceNext(): void {
    this.#mean.reduce(this.#reduced % this.memory.buckets.length);
    this.#reduced++;
    this.#advance(WORD.reduced);
    this.beat();
  }

  /**
   * The mean of every bucket over all micro-batches, [bucket][floats], in shared memory: to be copied before this rank
   * publishes that bucket again, and never written to. Blocks. Throws when this rank has not published everything.
   */
  finishMean(): readonly Float32Array[] {
    const call = this.#enter("all-reduce");
    const target = this.#finished + this.memory.buckets.length;
    if (this.#published < target) {
      const bucket = this.#published % this.memory.buckets.length;
      throw new Error(
        `rank ${this.rank}, all-reduce ${call}: bucket ${bucket} lacks subtree ${this.#mean.nextOf(bucket)}, expected 0 to ${this.subtrees.length - 1}`,
      );
    }
    while (this.#reduced < target) {
      this.#await("all-reduce", call, WORD.published, this.#reduced + 1);
      this.#reduceNext();
    }
    this.#await("all-reduce", call, WORD.reduced, target);
    this.#finished = target;
    this.#exit();
    return this.#mean.means;
  }

  /** `publish` of all of this rank's subtrees, [subtree][bucket][floats], and `finishMean`. Blocks. */
  allReduceMean(sums: readonly (readonly Float32Array[])[]): readonly Float32Array[] {
    if (sums.length !== this.subtrees.length) {
      throw new Error(`rank ${this.rank}: ${sums.length} subtrees to reduce, expected ${this.subtrees.length}`);
    }
    for (const [subtree, buckets] of sums.entries())
      for (const [bucket, each] of buckets.entries()) this.publish(bucket, subtree, each);
    return this.finishMean();
  }

  #callOf(collective: Collective): number {
    return this.#calls.get(collective) ?? 0;
  }

  /** Notes where this rank is; returns the how manieth call of its kind it is. */
  #enter(collective: Collective): number {
    const call = this.#callOf(collective) + 1;
    this.#calls.set(collective, call);
    this.#checkAbort(collective, call);
    if (this.#reading > 0) {
      throw new Error(
        `rank ${this.rank}, ${collective} ${call}: ${this.#reading} read-backs of the GPU are pending, expected none; await them before a collective that blocks`,
      );
    }
    Atomics.store(this.#words, wordOf(this.rank, WORD.collective), COLLECTIVES.indexOf(collective));
    Atomics.store(this.#words, wordOf(this.rank, WORD.call), call);
    Atomics.store(this.#words, wordOf(this.rank, WORD.isWaiting), 1);
    this.beat();
    return call;
  }

  #exit(): void {
    Atomics.store(this.#words, wordOf(this.rank, WORD.isWaiting), 0);
    this.beat();
  }

  /** One barrier, at which every rank says what it called and with what. Throws when the calls differ. */
  #meet(collective: Collective, call: number, argument = 0, detail = 0): void {
    const barrier = ++this.#barriers;
    const words = this.#words;
    Atomics.store(words, wordOf(this.rank, WORD.kind + (barrier & 1)), COLLECTIVES.indexOf(collective));
    Atomics.store(words, wordOf(this.rank, WORD.argument + (barrier & 1)), argument);
    Atomics.store(words, wordOf(this.rank, WORD.detail + (barrier & 1)), detail);
    this.#advance(WORD.arrived);
    this.#await(collective, call, WORD.arrived, barrier);
    const called = (rank: number): string => this.#describe(rank);
    for (let rank = 1; rank < this.worldSize; rank++)
      if (called(rank) !== called(0))
        this.#fail("mismatch", rank, `rank 0 called ${called(0)}, rank ${rank} ${called(rank)}`, collective, call);
  }

  /** What `rank` said at the last barrier. */
  #said(rank: number, word: number): number {
    return Atomics.load(this.#words, wordOf(rank, word + (this.#barriers & 1)));
  }

  #describe(rank: number): string {
    const collective = COLLECTIVES[this.#said(rank, WORD.kind)];
    const argument = this.#said(rank, WORD.argument);
    const detail = this.#said(rank, WORD.detail);
    if (collective === "broadcast") return `broadcast of ${argument} numbers from rank ${detail}`;
    if (collective !== "all-gather") return collective;
    const table = Object.keys(this.memory.tables)[detail >> 1];
    return `all-gather, which ${TABLE_PHASES[detail & 1]} ${argument} rows of table "${table}"`;
  }

  #advance(word: number): void {
    Atomics.add(this.#words, wordOf(this.rank, word), 1);
    Atomics.notify(this.#words, wordOf(this.rank, word));
  }

  #isAt(rank: number, word: number, target: number): boolean {
    return ((Atomics.load(this.#words, wordOf(rank, word)) - target) | 0) >= 0;
  }

  #everyone(word: number, target: number): boolean {
    for (let rank = 0; rank < this.worldSize; rank++) if (!this.#isAt(rank, word, target)) return false;
    return true;
  }

  /** Waits until the counter of every rank has reached `target`, one rank after the other. */
  #await(collective: Collective, call: number, word: number, target: number): void {
    for (let rank = 0; rank < this.worldSize; rank++) {
      let waitedMs = 0;
      let seen = Atomics.load(this.#words, wordOf(rank, WORD.progress));
      for (;;) {
        const count = Atomics.load(this.#words, wordOf(rank, word));
        // Before the abort: what all ranks have reached is over for all of them.
        if (((count - target) | 0) >= 0) break;
        this.#checkAbort(collective, call);
        const before = performance.now();
        Atomics.wait(this.#words, wordOf(rank, word), count, SLICE_MS);
        Atomics.add(this.#words, wordOf(this.rank, WORD.alive), 1);
        const progress = Atomics.load(this.#words, wordOf(rank, WORD.progress));
        // A turn that took far longer than asked was a machine asleep, and the others slept too.
        waitedMs = progress === seen ? waitedMs + Math.min(performance.now() - before, 2 * SLICE_MS) : 0;
        seen = progress;
        const hasStarted = Atomics.load(this.#words, wordOf(rank, WORD.state)) !== 0;
        const patienceMs = hasStarted ? this.#timeoutMs : this.#startTimeoutMs;
        if (waitedMs < patienceMs) continue;
        const why = `rank ${rank} did no work for ${patienceMs / 1000} s while rank ${this.rank} waited; ${placeOf(this.memory, rank)}`;
        this.#fail("timeout", rank, why, collective, call);
      }
    }
  }

  #checkAbort(collective: Collective, call: number): void {
    if (Atomics.load(this.#words, ABORT_WORD) === 0) return;
    const abort = abortOf(this.memory);
    if (abort) throw new GroupError(`rank ${this.rank}, ${collective} ${call}: ${abort.text}`, abort);
  }

  /** Aborts the group and throws; what another rank found first counts. */
  #fail(reason: Abort["reason"], rank: number, text: string, collective?: Collective, call?: number): never {
    const mine = { reason, rank, text };
    abortGroup(this.memory, mine);
    const abort = abortOf(this.memory) ?? mine;
    const where = collective === undefined ? "" : `, ${collective} ${call}`;
    throw new GroupError(`rank ${this.rank}${where}: ${abort.text}`, abort);
  }
}

/** Throws when this thread may not wait: a page's main thread. */
function requireWait(words: Int32Array, rank: number): void {
  try {
    Atomics.wait(words, wordOf(rank, WORD.state), -1, 0); // returns at once: the word is not -1
  } catch (cause) {
    throw new Error(
      `rank ${rank}: this thread may not wait for others, as a page's main thread; run the rank in a worker`,
      { cause },
    );
  }
}

type WaitAsync = (words: Int32Array, index: number, value: number, ms: number) => { readonly value: unknown };

/** Resolves when the word is no longer `value`, or after a while; the thread goes on meanwhile. */
async function changed(words: Int32Array, index: number, value: number): Promise<void> {
  const { waitAsync } = Atomics as { readonly waitAsync?: WaitAsync };
  const canWait = waitAsync !== undefined && !(words.buffer instanceof ArrayBuffer);
  // A timer of our own ends it in any case: an event loop may end or sleep beside a lone `waitAsync`.
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, canWait ? SLICE_MS : POLL_MS);
    if (!canWait) return;
    void Promise.resolve(waitAsync(words, index, value, SLICE_MS).value).then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
