/** Where a progress bar writes: process.stderr, or a stand-in. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Parameters of `Progress`; `now` gives milliseconds. */
export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** What is counted: "steps", "frames". */
  readonly unit: string;
  /** Count that was done before, by an earlier run; left out of the rate. */
  readonly initial?: number;
  readonly stream?: ProgressStream;
  readonly now?: () => number;
}

const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 100;
const BAR_WIDTH = 24;

/** Seconds as people read them: `42 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/**
 * Progress of a long task on stderr, with rate and time left: a bar on a terminal, else a line every five seconds.
 * Rate and time left are averages since the start.
 */
export class Progress {
  private readonly stream: ProgressStream;
  private readonly now: () => number;
  private readonly startedMs: number;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ProgressOptions) {
    this.stream = options.stream ?? process.stderr;
    this.now = options.now ?? (() => performance.now());
    this.startedMs = this.now();
  }

  /** Tells that `done` of the total are done; `note` goes behind the numbers (a loss, a file name). */
  update(done: number, note = ""): void {
    const now = this.now();
    const interval = this.stream.isTTY ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
    if (now - this.lastMs < interval && done < this.options.total) return;
    this.lastMs = now;
    this.print(this.line(done, note, (now - this.startedMs) / 1000));
  }

  /** Takes the bar away, so that other text can be printed; the next update draws it again. */
  clear(): void {
    if (this.stream.isTTY) this.stream.write("\r\x1b[K");
  }

  /** Ends the bar's line. */
  finish(): void {
    if (this.stream.isTTY) this.stream.write("\n");
  }

  private line(done: number, note: string, seconds: number): string {
    const { label, total, unit, initial = 0 } = this.options;
    // The first update may come with the task's first piece done: there is nothing to divide by yet.
    const rate = seconds > 0.01 ? (done - initial) / seconds : 0;
    const left = rate > 0 && done < total ? `, ${formatDuration((total - done) / rate)} left` : "";
    const speed = rate > 0 ? `, ${rate >= 10 ? rate.toFixed(0) : rate.toPrecision(2)} ${unit}/s` : "";
    const text = `${label} ${done}/${total} ${unit}${speed}${left}${note && `, ${note}`}`;
    if (!this.stream.isTTY) return text;
    const filled = total > 0 ? Math.round((BAR_WIDTH * done) / total) : 0;
    return `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${text}`;
  }

  private print(line: string): void {
    if (this.stream.isTTY) this.stream.write(`\r\x1b[K${line.slice(0, (this.stream.columns ?? 120) - 1)}`);
    else this.stream.write(`${line}\n`);
  }
}
