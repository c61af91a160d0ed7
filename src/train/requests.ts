/** What people and other threads ask of a rank that trains; it is done between two steps. */
import { JobQueue } from "./jobs";

/** Requests that all ranks follow in the same step, for `agree`. */
export const STOP = 1;
export const SAVE = 2;
export const REFORM = 4;

export class Requests {
  readonly #jobs: JobQueue;
  #bits = 0;
  #isPaused = false;
  /** A pause is left for one step. */
  #isSingle = false;

  /** `idle` is called after jobs that ran outside of a run. */
  constructor(idle: () => void) {
    this.#jobs = new JobQueue(idle);
  }

  /** A run is going: jobs wait for `rest`. */
  set isRunning(isRunning: boolean) {
    this.#jobs.isRunning = isRunning;
  }

  get isStopping(): boolean {
    return (this.#bits & STOP) !== 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#isSingle = false;
    this.#jobs.wake();
  }

  /** Leaves a pause for one step, after which it goes on; nothing while there is none. */
  stepOnce(): void {
    this.#isSingle = this.#isPaused;
    this.#jobs.wake();
  }

  /** Asks for STOP, SAVE or REFORM; a pause does not hold it up. */
  ask(bit: number): void {
    this.#bits |= bit;
    this.#jobs.wake();
  }

  /** What was asked; each request counts once, but to stop is to stop. */
  take(): number {
    const asked = this.#bits;
    this.#bits &= STOP;
    return asked;
  }

  job<T>(job: () => Promise<T>): Promise<T> {
    return this.#jobs.add(job);
  }

  /** Does the jobs that wait. */
  work(): Promise<void> {
    return this.#jobs.work();
  }

  /** A pause or a job is to be seen to before the next step. */
  get isResting(): boolean {
    return this.#isPaused || this.#jobs.isWaiting;
  }

  /** Jobs, and a pause until resumed or asked for something. */
  async rest(onPaused: () => void): Promise<void> {
    await this.#jobs.work();
    if (!this.#isPaused) return;
    onPaused();
    while (this.#isPaused && this.#bits === 0 && !this.#isSingle) {
      // Jobs first: one that came with the "paused" event has no wake-up call to give any more.
      if (this.#jobs.isWaiting) await this.#jobs.work();
      else await this.#jobs.next();
    }
    this.#isSingle = false;
  }
}
