import { type Abort, type GroupMemory, placeOf, WORD, wordOf } from "./group-memory";

export interface WatchdogOptions {
  /** A rank that shows no sign of life for so long, ms, while another one does, is stuck. Default 1 s. */
  readonly silentMs?: number;
  /** The same for a rank that has called no collective yet: it makes buffers and kernels in one go. Default `silentMs` where that is set, else 10 s. */
  readonly joiningMs?: number;
  /** A rank that lives and waits for nobody but does no work for so long, ms: its GPU hangs. Default 60 s. */
  readonly idleMs?: number;
  /** No rank shows a sign of life for so long, ms, while this thread is awake. Default 10 s. */
  readonly allSilentMs?: number;
  /** The same for the only rank of a group. Default `allSilentMs`: who trains alone has nobody to be replaced by meanwhile. */
  readonly aloneMs?: number;
  /** Time between two looks, ms; one that comes later counts as twice this, since the machine slept. Default 100 ms. */
  readonly everyMs?: number;
}

interface Seen {
  alive: number;
  progress: number;
  silentMs: number;
  idleMs: number;
}

/**
 * Finds ranks that are stuck. For the thread that launched them, which calls `look` from a timer; it never blocks and ends
 * nobody. Suspicion of one rank needs another one that lived meanwhile: when nobody did, it was the machine.
 * The death of a worker is not its business: a launcher sees that by itself.
 */
export class Watchdog {
  readonly everyMs: number;
  readonly #words: Int32Array;
  readonly #seen: Seen[];
  readonly #silentMs: number;
  readonly #joiningMs: number;
  readonly #idleMs: number;
  readonly #allSilentMs: number;
  readonly #aloneMs: number;
  #last: number;
  /** Since the last sign of life of any rank. */
  #quietMs = 0;

  /** `now` in ms, of the clock that `look` is given. */
  constructor(
    private readonly memory: GroupMemory,
    now: number,
    options: WatchdogOptions = {},
  ) {
    this.#words = new Int32Array(memory.control);
    this.#seen = Array.from({ length: memory.worldSize }, () => ({ alive: 0, progress: 0, silentMs: 0, idleMs: 0 }));
    this.#last = now;
    this.everyMs = options.everyMs ?? 100;
    this.#silentMs = options.silentMs ?? 1000;
    this.#joiningMs = options.joiningMs ?? options.silentMs ?? 10_000;
    this.#idleMs = options.idleMs ?? 60_000;
    this.#allSilentMs = options.allSilentMs ?? 10_000;
    this.#aloneMs = options.aloneMs ?? this.#allSilentMs;
  }

  /** The first rank that is stuck, to be given to `abortGroup`; undefined when all is well. */
  look(now: number): Abort | undefined {
    this.#quietMs += Math.min(now - this.#last, 2 * this.everyMs);
    this.#last = now;
    const load = (rank: number, word: number): number => Atomics.load(this.#words, wordOf(rank, word));
    // Who has not started is missed by those who wait for it; who has left owes nothing.
    const working = [...this.#seen.keys()].filter((rank) => load(rank, WORD.state) === 1);
    if (working.length === 0) this.#quietMs = 0;
    const living = working.filter((rank) => load(rank, WORD.alive) !== this.#seen[rank].alive);
    if (living.length === 0) return this.#quiet(working);
    // A long quiet of all was the machine: it counts against nobody.
    const elapsedMs = this.#quietMs <= this.#silentMs / 2 ? this.#quietMs : 0;
    this.#quietMs = 0;
    for (const rank of working) {
      const seen = this.#seen[rank];
      const progress = load(rank, WORD.progress);
      const isIdle = progress === seen.progress && load(rank, WORD.isWaiting) === 0;
      seen.silentMs = living.includes(rank) ? 0 : seen.silentMs + elapsedMs;
      seen.idleMs = isIdle ? seen.idleMs + elapsedMs : 0;
      seen.alive = load(rank, WORD.alive);
      seen.progress = progress;
    }
    for (const rank of working) {
      const { silentMs, idleMs } = this.#seen[rank];
      const patienceMs = load(rank, WORD.call) === 0 ? this.#joiningMs : this.#silentMs;
      if (silentMs >= patienceMs) return this.#stuck(rank, silentMs, "showed no sign of life");
      if (idleMs >= this.#idleMs) return this.#stuck(rank, idleMs, "lives but did no work, as when its GPU hangs,");
    }
    return undefined;
  }

  #stuck(rank: number, ms: number, what: string): Abort {
    const text = `rank ${rank} ${what} for ${(ms / 1000).toFixed(1)} s; ${placeOf(this.memory, rank)}`;
    return { reason: "stuck", rank, text };
  }

  #quiet(working: readonly number[]): Abort | undefined {
    const [rank] = working;
    const isAlone = this.memory.worldSize === 1 && working.length === 1;
    const hasJoined = isAlone && Atomics.load(this.#words, wordOf(rank, WORD.call)) > 0;
    if (this.#quietMs < (hasJoined ? this.#aloneMs : this.#allSilentMs)) return undefined;
    if (isAlone) return this.#stuck(rank, this.#quietMs, "showed no sign of life");
    const places = working.map((rank) => `rank ${rank}: ${placeOf(this.memory, rank)}`).join(", ");
    const text = `no rank showed a sign of life for ${(this.#quietMs / 1000).toFixed(1)} s; ${places}`;
    return { reason: "stuck", rank: -1, text };
  }
}
