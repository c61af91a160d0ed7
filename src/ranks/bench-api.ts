import type { BenchOptions } from "../bench/run";

/** What the terminal asks a page for: `npm run bench -- --runtime firefox`. */
export interface BenchRequest {
  readonly kind: "bench";
  readonly options: BenchOptions;
}

/** What the benchmark's worker asks of its page. */
export interface BenchPage {
  print(line: string): void;
  /** Seconds of CPU time of the browser's processes so far; undefined without a terminal that knows. */
  cpuSeconds(): Promise<number | undefined>;
}

/** What a page may ask of the benchmark's worker, over Comlink. */
export interface BenchApi {
  /** False when the losses are wrong. */
  run(options: BenchOptions, page: BenchPage): Promise<boolean>;
}
