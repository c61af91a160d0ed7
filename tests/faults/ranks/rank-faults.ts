/** Ranks that fail, drawn from a seed. */
import type { BrowserKind } from "../../../src/cli/browser";
import { type Random, random } from "../../../src/data/random";
import type { RankFault } from "../../../src/ranks/fault-hook";
import type { PageServer } from "./browsers";
import { ENDLESS_CRASHES, Patient } from "./browsers";
import { complaints, type Kill, type Outcome, type Struck } from "./run";

export const STEPS = 24;
const RANKS = 4;
/** Drawn from unless others are asked for. */
const KINDS = ["throw", "hang", "terminate", "close", "slow"] as const;
/** `kill` ends the worker from outside, wherever it is: on SwiftShader in Chromium that may take the GPU process with it. */
export type RankFaultKind = (typeof KINDS)[number] | "kill";
const PLACES = ["before", "in", "after"] as const;

const SLOW_MS = 1000;
/** Latest moment of a kill behind a step that was told, ms: about a step. */
const MOST_DELAY_MS = 400;

/** What faults have come to. */
export interface FaultCount {
  readonly adapter: string;
  readonly runs: number;
  /** Faults that struck, and those of them in runs that came to the same as the fault-free one. */
  readonly struck: readonly Struck[];
  readonly survived: number;
  readonly sentences: readonly string[];
}

const pick = <T>(stream: Random, of: readonly T[]): T => of[Math.floor(of.length * stream.uniform())];

/** Faults of one run, on as many workers, ascending by step: those that ranks make themselves, and those from outside. */
export function drawFaults(
  seed: number,
  run: number,
  kinds: readonly RankFaultKind[] = KINDS,
): { readonly faults: readonly RankFault[]; readonly kills: readonly Kill[] } {
  const stream = random(seed, "rank faults", run, "run");
  const workers = [0, 1, 2, 3];
  const faults: RankFault[] = [];
  const kills: Kill[] = [];
  for (let i = 0; i < RANKS; i++) {
    const [worker] = workers.splice(Math.floor(workers.length * stream.uniform()), 1);
    const step = 2 + Math.floor(((STEPS - 4) / RANKS) * (i + stream.uniform()));
    const [at, kind] = [pick(stream, PLACES), pick(stream, kinds)];
    const delayMs = Math.floor(MOST_DELAY_MS * stream.uniform());
    if (kind === "kill") kills.push({ worker, step, delayMs });
    else faults.push({ worker, step, at, kind });
  }
  return { faults, kills };
}

/** What is told of a recovery that took long. */
const slowOnes = ({ told, lines }: Outcome): string =>
  told.some(({ recovered_ms }) => recovered_ms > SLOW_MS) ? lines.map((line) => `\n  | ${line}`).join("") : "";

/** Runs with four faults each until `count` faults have struck. */
export async function rankFaults(
  kind: BrowserKind,
  server: PageServer,
  options: {
    readonly count: number;
    readonly seed: number;
    readonly ranks?: number;
    readonly kinds?: readonly RankFaultKind[];
  },
  onRun: (what: string) => void = () => undefined,
): Promise<FaultCount> {
  const { count, seed, ranks = RANKS, kinds } = options;
  const patient = await Patient.start(kind, server, kind === "chromium" ? ENDLESS_CRASHES : []);
  const struck: Struck[] = [];
  const sentences: string[] = [];
  let survived = 0;
  let runs = 0;
  try {
    const faultless = await patient.train({ ranks, steps: STEPS });
    onRun(
      `fault-free: ${faultless.error ?? faultless.end}, step ${faultless.step}, ${faultless.adapter}, median step ${median(faultless.stepMs)} ms`,
    );
    if (faultless.told.length > 0)
      sentences.push(`the fault-free run told of ${faultless.told.length} faults: ${faultless.told[0].text}`);
    while (struck.length < count && runs < count) {
      const began = performance.now();
      const drawn = drawFaults(seed, runs, kinds);
      const isThere = ({ worker }: { readonly worker: number }): boolean => worker < ranks;
      const [faults, kills] = [drawn.faults.filter(isThere), drawn.kills.filter(isThere)];
      const outcome = await patient.train({ ranks, steps: STEPS, faults, kills });
      const found = [...complaints(outcome, faultless), ...falseFaults(outcome)];
      struck.push(...outcome.struck);
      if (found.length === 0) survived += outcome.struck.length;
      sentences.push(...found.map((sentence) => `run ${runs}: ${sentence}`));
      onRun(
        `run ${runs} ${found.length === 0 ? "same" : "OTHER"} ${seconds(performance.now() - began)} s (built ${seconds(outcome.builtMs)}, trained ${seconds(outcome.trainedMs)}), told ${outcome.told.map(({ detected_ms, recovered_ms }) => `${detected_ms}/${recovered_ms}`).join(" ")}: ${outcome.struck.map(describe).join("; ")}${found.map((sentence) => `\n  ${sentence}`).join("")}${slowOnes(outcome)}`,
      );
      runs++;
      // Workers that were ended by force leave memory behind until their page is gone.
      if (runs % 10 === 0) await patient.reopen();
    }
    return { adapter: `${faultless.adapter}, ${await patient.version}`, runs, struck, survived, sentences };
  } finally {
    await patient.close();
  }
}

/** Ranks that were found at fault and were not, and faults that nobody was told of. */
function falseFaults({ told, struck }: Outcome): string[] {
  const found: string[] = [];
  const ended = struck.filter(({ kind }) => kind !== "slow");
  for (const { rank, text } of told)
    if (!ended.some(({ worker }) => worker === rank)) found.push(`rank ${rank} was found at fault: ${text}`);
  // Two ranks may fail in one group, which ends once.
  if (told.length > ended.length) found.push(`${told.length} faults told, ${ended.length} struck`);
  for (const { kind, worker, detectedMs } of ended)
    if (detectedMs === undefined) found.push(`rank ${worker} was to ${kind}, and no group was aborted after it`);
  return found;
}

const whole = (ms: number | undefined): string => (ms === undefined ? "-" : `${Math.round(ms)}`);

const describe = ({ worker, step, at, kind, detectedMs, recoveredMs }: Struck): string =>
  `${kind} ${at} ${step} rank ${worker} ${whole(detectedMs)}/${whole(recoveredMs)} ms`;

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}
