/** Feeds damaged files to a reader and holds it to its promises: typed errors in one clear sentence, little time, little memory. */
import { ConfigError } from "../../src/config";
import { DataError } from "../../src/data/data-error";
import { dice, mutate } from "./mutate";
import type { Target } from "./targets";

const SLOW_MS = 250;
const MAX_GROWTH_BYTES = 512 << 20;
/** Inputs between two looks at the memory. */
const MEMORY_EVERY = 512;

export interface Failure {
  readonly kind: "untyped error" | "unclear error" | "slow" | "memory" | "prototype";
  readonly what: string;
  readonly index: number;
  /** The input, base64. */
  readonly file: string;
}

export interface Outcome {
  readonly format: string;
  readonly seed: number;
  runs: number;
  accepted: number;
  readonly refused: Map<string, number>;
  readonly failures: Failure[];
  slowestMs: number;
  growthBytes: number;
}

const PROTOTYPES = [Object, Array, Map, Set, Function, String, Number, Uint8Array, Promise, Error].map(
  (c) => c.prototype as object,
);
const describePrototypes = (): string => PROTOTYPES.map((p) => Reflect.ownKeys(p).map(String).join()).join(";");
const untouched = describePrototypes();

/** Complaint about a sentence that helps nobody; undefined for a good one. */
function unclear(error: Error): string | undefined {
  const sentences = error instanceof ConfigError ? error.problems : [error.message];
  const bad = sentences.find(
    (each) =>
      each.length === 0 ||
      each.length > 700 ||
      /\[object |Cannot read|is not a function|is not iterable|\bundefined\b/.test(each) ||
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they would reach a terminal
      (error instanceof DataError && (/[\x00-\x1f\x7f-\x9f]/.test(each) || !each.startsWith("x.file"))),
  );
  return bad;
}

async function attempt(target: Target, file: Uint8Array): Promise<{ error: unknown; ms: number }> {
  const start = performance.now();
  const before = process.cpuUsage();
  let error: unknown;
  try {
    const result = target.read(file);
    if (result instanceof Promise) await result;
  } catch (thrown) {
    error = thrown ?? new Error("nothing was thrown");
  }
  // Time of this process, not of the clock: a busy machine makes no reader slow.
  const { user, system } = process.cpuUsage(before);
  return { error, ms: Math.min((user + system) / 1000, performance.now() - start) };
}

/** Reads one file and notes in `outcome` what came of it. */
export async function tryFile(target: Target, file: Uint8Array, index: number, outcome: Outcome): Promise<void> {
  const fail = (kind: Failure["kind"], what: string): void => {
    outcome.failures.push({ kind, what, index, file: Buffer.from(file).toString("base64") });
  };
  let { error, ms } = await attempt(target, file);
  // Garbage collection and compilation count too, so that only what is slow twice is slow.
  for (let retry = 0; ms > SLOW_MS && retry < 2; retry++) ms = Math.min(ms, (await attempt(target, file)).ms);
  if (ms > SLOW_MS) fail("slow", `${ms.toFixed(0)} ms for ${file.length} bytes`);
  outcome.slowestMs = Math.max(outcome.slowestMs, ms);
  outcome.runs++;
  if (error === undefined) outcome.accepted++;
  else if (error instanceof DataError || error instanceof ConfigError) {
    const reason = error instanceof DataError ? error.reason : "config refused";
    outcome.refused.set(reason, (outcome.refused.get(reason) ?? 0) + 1);
    const bad = unclear(error);
    if (bad !== undefined) fail("unclear error", bad.slice(0, 200));
  } else fail("untyped error", error instanceof Error ? (error.stack ?? error.message).slice(0, 500) : String(error));
  if (outcome.runs % MEMORY_EVERY === 0 || ms > 50) outcome.growthBytes = Math.max(outcome.growthBytes, growth());
  if (outcome.growthBytes > MAX_GROWTH_BYTES) fail("memory", `${outcome.growthBytes >> 20} MiB over the start`);
  if (outcome.runs % 64 === 0 || error === undefined) {
    if ("polluted" in {} || describePrototypes() !== untouched) fail("prototype", describePrototypes().slice(0, 200));
  }
}

let startBytes = process.memoryUsage.rss();
const growth = (): number => process.memoryUsage.rss() - startBytes;

export function newOutcome(target: Target, seed: number): Outcome {
  startBytes = process.memoryUsage.rss();
  return {
    format: target.name,
    seed,
    runs: 0,
    accepted: 0,
    refused: new Map(),
    failures: [],
    slowestMs: 0,
    growthBytes: 0,
  };
}

/** Input number `index` of a format, fixed by the seed. */
export function inputOf(target: Target, seed: number, index: number): Uint8Array {
  const die = dice(seed, index);
  const pick = (): Uint8Array => target.seeds[die.below(target.seeds.length)];
  const damaged = mutate(pick(), pick(), target.words, die);
  return target.mend !== undefined && die.below(4) > 0 ? target.mend(damaged) : damaged;
}

/** Inputs `from` up to `to`. Stops at the 20th failure. */
export async function fuzz(
  target: Target,
  { seed, from = 0, to, onProgress }: { seed: number; from?: number; to: number; onProgress?(outcome: Outcome): void },
): Promise<Outcome> {
  const outcome = newOutcome(target, seed);
  for (let index = from; index < to && outcome.failures.length < 20; index++) {
    await tryFile(target, inputOf(target, seed, index), index, outcome);
    if (outcome.runs % 5000 === 0) onProgress?.(outcome);
  }
  return outcome;
}
