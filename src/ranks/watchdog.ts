import { type Abort, type GroupMemory, placeOf, WORD, wordOf } from "./group-memory";

export interface WatchdogOptions {
  /** A rank that shows no sign of life for so long, ms, while another one does, is stuck. Default 1 s. */
  readonly silentMs?: number;
  /** A rank that lives and waits for nobody but does no work for so long, ms: its GPU hangs. Default 60 s. */
  readonly idleMs?: number;
  /** No rank shows a sign of life for so long, ms, while this thread is awake. Default 10 s. */
  readonly allSilentMs?: number;
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
  readonly #idleMs: number;
  readonly #allSilentMs: number;
  #last: number;

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
    this.#idleMs = options.idleMs ?? 60_000;
    this.#allSilentMs = options.allSilentMs ?? 10_000;
  }

  /** The first rank that is stuck, to be given to `abortGroup`; undefined when all is well. */
  look(now: number): Abort | undefined {
    const elapsed = Math.min(now - this.#last, 2 * this.everyMs);
    this.#last = now;
    const load = (rank: number, word: number): number => Atomics.load(this.#words, wordOf(rank, word));
    const working: number[] = [];
    for (const [rank, seen] of this.#seen.entries()) {
      // Who has not started is missed by those who wait for it; who has left owes nothing.
      if (load(rank, WORD.state) !== 1) continue;
      working.push(rank);
      const alive = load(rank, WORD.alive);
      const progress = load(rank, WORD.progress);
      seen.silentMs = alive === seen.alive ? seen.silentMs + elapsed : 0;
      const isIdle = progress === seen.progress && load(rank, WORD.isWaiting) === 0;
      seen.idleMs = isIdle ? seen.idleMs + elapsed : 0;
      seen.alive = alive;
      seen.progress = progress;
    }
    const stuck = (rank: number, ms: number, what: string): Abort => ({
      reason: "stuck",
      rank,
      text: `rank ${rank} ${what} for ${(ms / 1000).toFixed(1)} s; ${placeOf(this.memory, rank)}`,
    });
    const somebodyLives = working.some((rank) => this.#seen[rank].silentMs < this.#silentMs / 2);
    for (const rank of working) {
      const { silentMs, idleMs } = this.#seen[rank];
      if (silentMs >= this.#silentMs && somebodyLives) return stuck(rank, silentMs, "showed no sign of life");
      if (silentMs < this.#silentMs && idleMs >= this.#idleMs) {
        return stuck(rank, idleMs, "lives but did no work, as when its GPU hangs,");
      }
    }
    const all = Math.min(...working.map((rank) => this.#seen[rank].silentMs));
    if (working.length === 0 || all < this.#allSilentMs) return undefined;
    const text = `no rank showed a sign of life for ${(all / 1000).toFixed(1)} s; ${working.map((rank) => `rank ${rank}: ${placeOf(this.memory, rank)}`).join(", ")}`;
    return { reason: "stuck", rank: -1, text };
  }
}
