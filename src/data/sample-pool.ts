/**
 * Samples made in threads, a bounded number of records at a time. Which thread makes a sample, and when, changes nothing about
 * it: a sample is a pure function of its job. Records are read by the thread that asks, which checks a shard once for all, and
 * are copied to the thread that works; samples come back without a copy.
 */
import { makeSample } from "./sample";
import { type SampleAnswer, type SampleJob, sampleOf } from "./sample-thread";
import type { Sample } from "./types";

/** A running thread, as a page or Node gives it. */
export interface SampleThread {
  make(job: SampleJob): Promise<SampleAnswer>;
  /** Called when the thread cannot answer any more, with the end of a sentence that says why. */
  onEnd(listener: (why: string) => void): void;
  terminate(): void;
}

/** Starts threads; what a page and Node do differently. */
export interface ThreadHost {
  /** Processors that this program may use. */
  readonly cores: number;
  /** Throws a sentence when the thread's program is not there. */
  start(name: string): SampleThread;
}

/** A program without threads: everything is made in the thread at hand. */
export const NO_THREADS: ThreadHost = {
  cores: 1,
  start(name) {
    throw new Error(`${name}: this program has no threads to make samples in, expected data.threads: 0`);
  },
};

/** More threads than this feed no GPU faster. */
const MOST_THREADS = 4;

/** Threads that make samples when the configuration does not say: all processors but one, at most 4, 0 on a single one. */
export function defaultThreads(cores: number): number {
  return Math.max(0, Math.min(MOST_THREADS, Math.floor(cores) - 1));
}

/** Makes samples. */
export interface SamplePool {
  /** 0: in the thread at hand. */
  readonly threads: number;
  /** Rejects with the DataError of a sample that cannot be made, and with a sentence when a thread has died. */
  make(job: SampleJob): Promise<Sample>;
  /** Ends the threads; what they were at is rejected. The next sample starts new ones. */
  end(): void;
}

/** Makes samples in the thread at hand. */
export const IN_PLACE: SamplePool = {
  threads: 0,
  make: async ({ record, options, epoch }) => makeSample(record, options, epoch),
  end: () => undefined,
};

/** `threads` threads that are started with the first sample; 0 makes samples in the thread at hand. */
export function samplePool(host: ThreadHost, threads: number, silenceMs?: number): SamplePool {
  return threads === 0 ? IN_PLACE : new ThreadPool(host, threads, silenceMs);
}

interface Task {
  readonly job: SampleJob;
  readonly resolve: (sample: Sample) => void;
  readonly reject: (error: unknown) => void;
}

interface Running {
  readonly number: number;
  readonly thread: SampleThread;
  /** Oldest first. */
  readonly tasks: Set<Task>;
  timer?: ReturnType<typeof setTimeout>;
}

/** Jobs that a thread has been given and not answered: enough to work on while the asking thread is busy for some milliseconds. */
const JOBS_AT_ONCE = 8;

/** A sample takes milliseconds. A machine under load is slow, but a thread that says nothing for this long is gone. */
const SILENCE_MS = 60_000;

class ThreadPool implements SamplePool {
  readonly #waiting: Task[] = [];
  #running: Running[] = [];
  #dead: Error | undefined;

  constructor(
    private readonly host: ThreadHost,
    readonly threads: number,
    private readonly silenceMs = SILENCE_MS,
  ) {}

  make(job: SampleJob): Promise<Sample> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      try {
        if (this.#running.length === 0) this.#start();
        this.#hand();
      } catch (error) {
        this.#stop(error as Error);
      }
    });
  }

  end(): void {
    this.#stop(new Error("the threads that make samples were ended, as the run was"));
    this.#dead = undefined;
  }

  #start(): void {
    for (let number = 1; number <= this.threads; number++) {
      const thread = this.host.start(`samples ${number} of ${this.threads}`);
      const running: Running = { number, thread, tasks: new Set() };
      this.#running.push(running);
      thread.onEnd((why) => this.#died(running, why));
    }
  }

  /** Gives waiting jobs to the threads with the fewest. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const free = this.#running.reduce((best, each) => (each.tasks.size < best.tasks.size ? each : best));
      if (free.tasks.size >= JOBS_AT_ONCE) return;
      const task = this.#waiting.shift()!;
      free.tasks.add(task);
      if (free.tasks.size === 1) this.#watch(free);
      free.thread.make(task.job).then(
        (answer) => this.#answered(free, task, answer),
        (error: Error) => this.#died(free, `the job could not be sent: ${error.message}`),
      );
    }
  }

  #answered(running: Running, task: Task, answer: SampleAnswer): void {
    if (!running.tasks.delete(task)) return;
    this.#watch(running);
    try {
      task.resolve(sampleOf(answer));
    } catch (error) {
      task.reject(error);
    }
    this.#hand();
  }

  /**
   * Expects the next answer in time. Twice half of it: after a long block of this thread, or a machine's sleep, the timer is
   * over before the answers that wait are read.
   */
  #watch(running: Running, isSecondHalf = false): void {
    clearTimeout(running.timer);
    if (running.tasks.size === 0) return;
    running.timer = setTimeout(() => {
      if (isSecondHalf) this.#died(running, `no answer for ${this.silenceMs / 1000} s`);
      else this.#watch(running, true);
    }, this.silenceMs / 2);
  }

  #died(running: Running, why: string): void {
    if (!this.#running.includes(running)) return;
    const [task] = running.tasks;
    const what = task ? ` while it made sample "${task.job.record.id}"` : "";
    this.#stop(
      new Error(
        `sample thread ${running.number} of ${this.threads} ended${what}: ${why}; resume the run from its last checkpoint, or set data.threads: 0 to go on without threads`,
      ),
    );
  }

  /** Ends every thread and rejects every job with `error`, later ones as well. */
  #stop(error: Error): void {
    const running = this.#running;
    const tasks = [...running.flatMap((each) => [...each.tasks]), ...this.#waiting];
    this.#running = [];
    this.#waiting.length = 0;
    this.#dead = error;
    for (const each of running) {
      clearTimeout(each.timer);
      each.tasks.clear();
      each.thread.terminate();
    }
    for (const task of tasks) task.reject(error);
  }
}
