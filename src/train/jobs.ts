/** Jobs that use a trainer's buffers, one after the other: between two steps of a run, or at once when none is going. */
export class JobQueue {
  readonly #jobs: (() => Promise<void>)[] = [];
  #working: Promise<void> | undefined;
  #wake: () => void = () => {};
  /** A run is going: it calls `work` between its steps. */
  isRunning = false;

  /** `idle` is called after jobs that ran outside of a run. */
  constructor(private readonly idle: () => void) {}

  get isWaiting(): boolean {
    return this.#jobs.length > 0 || this.#working !== undefined;
  }

  add<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => job().then(resolve, reject));
      this.#wake();
      if (!this.isRunning) void this.work();
    });
  }

  /** Resolves once all jobs are done. */
  work(): Promise<void> {
    // Without a job #work would end before its promise is stored, and no later job would ever start.
    if (this.#jobs.length > 0) this.#working ??= this.#work();
    return this.#working ?? Promise.resolve();
  }

  async #work(): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) await job();
    this.#working = undefined;
    if (!this.isRunning) this.idle();
  }

  /** Resolves with the next job, or at `wake`. */
  next(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake();
  }
}
