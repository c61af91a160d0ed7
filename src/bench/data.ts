/** Speed of everything between files and batches: import into shards, reading them, making samples, against the steps they feed. */
import { PRESETS } from "../config";
import { DEFAULT_AUGMENT } from "../data/augment";
import type { CropSet } from "../data/crop-set";
import type { Decoders } from "../data/import-decode";
import { ImportJob } from "../data/import-job";
import { Loader } from "../data/loader";
import { permutation } from "../data/random";
import { samplePool, type ThreadHost } from "../data/sample-pool";
import { describeSet } from "../data/shards/format";
import type { OpenedSet, ShardStore } from "../data/shards/types";

/** What the benchmark of the data needs besides the program's own code. */
export interface DataBenchHost {
  print(line: string): void;
  /** News while it runs, not part of the result. */
  say(line: string): void;
  /** What the frames are, for people. */
  readonly what: string;
  /** Frames of a set as it lies on disk, decoded in `threads` threads (0: the one at hand) to records for crops of `size` pixels. */
  readonly ids: readonly string[];
  decoders(threads: number, size: number): Promise<Decoders>;
  /** Empty. */
  readonly store: ShardStore;
  readonly threads: ThreadHost;
  /** Bytes of the process that are in memory. */
  residentBytes(): number;
  /** Milliseconds that this thread's event loop has worked so far. */
  busyMs(): number;
}

/** Measured steps of the two presets at batch 8, milliseconds; undefined where none was measured. */
export interface StepTimes {
  readonly tiny: number | undefined;
  readonly small: number | undefined;
}

/** A row of the table. */
type Row = readonly [what: string, value: string, how: string];

const BATCH = 8;
/** Frames of the imports that are only timed. */
const FEW = 128;
const BATCHES = 60;
const MIB = 2 ** 20;

/** Runs it and prints a table for docs/results.md. Every number is of this machine as it is: run it when nothing else does. */
export async function benchData(host: DataBenchHost, steps: StepTimes): Promise<void> {
  const rows: Row[] = [];
  const [tiny, small] = [PRESETS.tiny().model, PRESETS.small().model];
  rows.push(await importRow(host, "few-here", small.height, FEW, 0));
  for (const threads of [1, 2]) rows.push(await importRow(host, `few-${threads}`, small.height, FEW, threads));
  rows.push(...(await importWithMemory(host, "small", small.height)));
  await importRow(host, "tiny", tiny.height, Math.min(2048, host.ids.length), 2);
  const stored = await host.store.open("small");
  rows.push(...(await readRows(host, stored)));
  for (const [preset, set, { height: size, width }, stepMs] of [
    ["tiny", await host.store.open("tiny"), tiny, steps.tiny],
    ["small", stored, small, steps.small],
  ] as const) {
    const needed = stepMs === undefined ? undefined : (1000 * BATCH) / stepMs;
    const stepText = stepMs === undefined ? "not measured" : `${stepMs.toFixed(0)} ms`;
    rows.push([
      `${preset}: a step at batch ${BATCH}`,
      stepText,
      needed === undefined ? "" : `takes ${speed(needed)} samples/s`,
    ]);
    for (const threads of [0, 1, 2]) rows.push(await loaderRow(host, preset, set, { size, width, threads, needed }));
    set.close();
  }
  print(host, rows);
}

/** Imports the first `count` frames as the set `name`. */
async function importSet(
  { ids: all, store, decoders, what, say }: DataBenchHost,
  name: string,
  size: number,
  count: number,
  threads: number,
  onProgress: () => void = () => undefined,
): Promise<{ framesPerSecond: number; kept: number; bytes: number }> {
  const ids = all.slice(0, count);
  const description = await describeSet({ source: what, format: "ho3d", split: "train", size }, ids);
  const { recordBytes } = description;
  const writer = await store.writer(name, description);
  const made = await decoders(threads, size);
  let saidMs = 0;
  try {
    const { decode, parallel } = made;
    // A thread's files and code are opened with its first frame.
    await Promise.all(ids.slice(0, parallel).map(decode));
    const now = (): number => performance.now();
    const job = new ImportJob({
      ...{ name, ids, writer, recordBytes, decode, parallel, now, endWhenFull: true },
      onProgress: ({ done, total }) => {
        onProgress();
        if (now() - saidMs < 5000) return;
        saidMs = now();
        say(`import of ${name}: ${done}/${total} frames`);
      },
    });
    const { state, seconds, progress } = await job.run();
    if (state !== "complete") throw new Error(`bench: the import of ${name} ended ${state}: ${progress.message ?? ""}`);
    return { framesPerSecond: ids.length / seconds, kept: progress.kept, bytes: progress.bytes };
  } finally {
    made.end();
  }
}

async function importRow(
  host: DataBenchHost,
  name: string,
  size: number,
  count: number,
  threads: number,
): Promise<Row> {
  const { framesPerSecond } = await importSet(host, name, size, count, threads);
  const frames = Math.min(count, host.ids.length);
  return [
    `import, ${place(threads)}`,
    `${speed(framesPerSecond)} frames/s`,
    `${frames} frames, records for crops of ${size} px, files to checked shards`,
  ];
}

/** The whole set, with the largest memory seen on the way. */
async function importWithMemory(host: DataBenchHost, name: string, size: number): Promise<Row[]> {
  const before = host.residentBytes();
  let peak = before;
  const threads = 2;
  const { framesPerSecond, kept, bytes } = await importSet(host, name, size, host.ids.length, threads, () => {
    peak = Math.max(peak, host.residentBytes());
  });
  const mib = (value: number): string => `${(value / MIB).toFixed(0)} MiB`;
  return [
    [
      `import of ${host.ids.length} frames, ${place(threads)}`,
      `${speed(framesPerSecond)} frames/s`,
      `${kept} kept, ${mib(bytes)} of shards`,
    ],
    [
      `peak memory while importing ${host.ids.length} frames`,
      mib(peak),
      `resident, ${mib(before)} before; looked at ten times a second`,
    ],
  ];
}

/** Each record once in the order of the shards, with their checks, then as many in a random one. */
async function readRows({ say }: DataBenchHost, set: OpenedSet): Promise<Row[]> {
  say("reading shards");
  const { recordBytes = 0 } = set.info.description ?? {};
  const read = async (ids: readonly string[]): Promise<number> => {
    const start = performance.now();
    for (const id of ids) await set.read(id);
    return performance.now() - start;
  };
  const shuffled = [...permutation(set.ids.length, 1, 0)].map((i) => set.ids[i]);
  const inOrder = await read(set.ids);
  const random = await read(shuffled);
  const text = (ms: number): string => `${speed((set.ids.length * recordBytes) / ms / 1000)} MB/s`;
  const how = `${set.ids.length} records of ${(recordBytes / 1000).toFixed(0)} kB, one at a time`;
  return [
    ["shards read in order, each checked by SHA-256", text(inOrder), how],
    ["shards read in random order, checked before", text(random), how],
  ];
}

interface LoaderCase {
  readonly size: number;
  readonly width: number;
  readonly threads: number;
  /** Samples a second that the step takes. */
  readonly needed: number | undefined;
}

async function loaderRow(
  { threads: threadHost, say, busyMs }: DataBenchHost,
  preset: string,
  set: CropSet,
  { size, width, threads, needed }: LoaderCase,
): Promise<Row> {
  say(`loader of ${preset}, ${threads} threads`);
  const pool = samplePool(threadHost, threads);
  const options = { size, width, seed: 1, batchSize: BATCH, mode: "train", augment: DEFAULT_AUGMENT, pool } as const;
  const loader = new Loader(set, options);
  const batch = (i: number) => loader.batch(Math.floor(i / loader.batchesPerEpoch), i % loader.batchesPerEpoch);
  // Starts the threads and lets the compiler see the code.
  for (let i = 0; i < 10; i++) await batch(i);
  const [start, busy] = [performance.now(), busyMs()];
  for (let i = 10; i < 10 + BATCHES; i++) await batch(i);
  const [ms, busyEach] = [performance.now() - start, (busyMs() - busy) / BATCHES];
  loader.close();
  pool.end();
  const rate = (1000 * BATCH * BATCHES) / ms;
  const against = needed === undefined ? "" : `; ${speed(rate / needed)} times what the step takes`;
  return [
    `${preset}: loader, ${place(threads)}`,
    `${speed(rate)} samples/s`,
    `augmented crops of ${size} x ${width}, read from shards; the asking thread is busy ${busyEach.toFixed(1)} ms a batch${against}`,
  ];
}

const place = (threads: number): string =>
  threads === 0 ? "in the thread at hand" : threads === 1 ? "1 thread" : `${threads} threads`;

/** Three digits. */
const speed = (value: number): string => (value < 100 ? value.toPrecision(3) : value.toFixed(0));

function print(host: DataBenchHost, rows: readonly Row[]): void {
  host.print(host.what);
  host.print("");
  host.print("| what | value | how |");
  host.print("|---|---|---|");
  for (const row of rows) host.print(`| ${row.join(" | ")} |`);
}
