/** Whether a worker still answers. Knows no worker: it is handed a question that an idle thread answers at once. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";

/** Time between two beats, ms. */
const BEAT_MS = 1000;
/** Beats without an answer after which a worker is called silent. */
export const PATIENCE_BEATS = 10;
/** The same in seconds. */
export const SILENCE_S = (PATIENCE_BEATS * BEAT_MS) / 1000;

/** Calls `beat` again and again; returns what ends that. */
export type Metronome = (beat: () => void) => () => void;

const everySecond: Metronome = (beat) => {
  const timer = setInterval(beat, BEAT_MS);
  return () => clearInterval(timer);
};

/**
 * Asks as long as a call is under way: a thread that was ended, or that never comes back from what it does, rejects nothing by
 * itself. Beats are counted and not the time, as a machine that sleeps is no silence of the worker.
 */
export class Pulse {
  /** Nothing was answered for `PATIENCE_BEATS`; false again with the next answer. */
  readonly isSilent: ReadonlySignal<boolean>;
  readonly #missed = signal(0);
  #calls = 0;
  #isAsked = false;
  /** Answers to questions of before `forget` count no more. */
  #worker = 0;
  #rest: () => void = () => undefined;

  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly metronome: Metronome = everySecond,
  ) {
    this.isSilent = computed(() => this.#missed.value >= PATIENCE_BEATS);
  }

  /** Watches the worker until `call` has settled, and returns it. */
  async during<T>(call: Promise<T>): Promise<T> {
    if (this.#calls++ === 0) this.#rest = this.metronome(() => this.#beat());
    try {
      return await call;
    } finally {
      if (--this.#calls === 0) {
        this.#rest();
        this.#missed.value = 0;
      }
    }
  }

  /** There is another worker, of which nothing has been asked. */
  forget(): void {
    this.#worker++;
    this.#isAsked = false;
    this.#missed.value = 0;
  }

  #beat(): void {
    if (this.#isAsked) {
      this.#missed.value++;
      return;
    }
    this.#isAsked = true;
    const worker = this.#worker;
    const answered = () => {
      if (worker !== this.#worker) return;
      this.#isAsked = false;
      this.#missed.value = 0;
    };
    // Refusing to answer is an answer too.
    this.ask().then(answered, answered);
  }
}
