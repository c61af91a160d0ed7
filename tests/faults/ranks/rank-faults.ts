/** Ranks that fail, drawn from a seed. */
import type { BrowserKind } from "../../../src/cli/browser";
import { type Random, random } from "../../../src/data/random";
import type { RankFault } from "../../../src/ranks/fault-hook";
import type { PageServer } from "./browsers";
import { Patient } from "./browsers";
import { complaints, type Outcome, type Struck } from "./run";

export const STEPS = 24;
const RANKS = 4;
const KINDS = ["throw", "hang", "terminate", "close", "slow"] as const;
const PLACES = ["before", "in", "after"] as const;

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

/** `count` faults of one run, on as many workers, ascending by step. */
export function drawFaults(seed: number, run: number, kinds: readonly RankFault["kind"][] = KINDS): RankFault[] {
  const stream = random(seed, "rank faults", run, "run");
  const workers = [0, 1, 2, 3];
  const faults = workers.map((_, i): RankFault => {
    const [worker] = workers.splice(Math.floor(workers.length * stream.uniform()), 1);
    const span = (STEPS - 4) / RANKS;
    const step = 2 + Math.floor(span * (i + stream.uniform()));
    return { worker, step, at: pick(stream, PLACES), kind: pick(stream, kinds) };
  });
  return faults;
}

/** Runs with four faults each until `count` faults have struck. */
export async function rankFaults(
  kind: BrowserKind,
  server: PageServer,
  options: {
    readonly count: number;
    readonly seed: number;
    readonly ranks?: number;
    readonly kinds?: readonly RankFault["kind"][];
  },
  onRun: (what: string) => void = () => undefined,
): Promise<FaultCount> {
  const { count, seed, ranks = RANKS, kinds } = options;
  const patient = await Patient.start(kind, server);
  const struck: Struck[] = [];
  const sentences: string[] = [];
  let survived = 0;
  let runs = 0;
  try {
    const whole = await patient.train({ ranks, steps: STEPS });
    onRun(
      `fault-free: ${whole.error ?? whole.end}, step ${whole.step}, ${whole.adapter}, median step ${median(whole.stepMs)} ms`,
    );
    if (whole.told.length > 0)
      sentences.push(`the fault-free run told of ${whole.told.length} faults: ${whole.told[0].text}`);
    while (struck.length < count && runs < count) {
      const began = performance.now();
      const faults = drawFaults(seed, runs, kinds).filter(({ worker }) => worker < ranks);
      const outcome = await patient.train({ ranks, steps: STEPS, faults });
      const found = [...complaints(outcome, whole), ...falseFaults(outcome)];
      struck.push(...outcome.struck);
      if (found.length === 0) survived += outcome.struck.length;
      sentences.push(...found.map((sentence) => `run ${runs}: ${sentence}`));
      onRun(
        `run ${runs} ${found.length === 0 ? "same" : "OTHER"} ${seconds(performance.now() - began)} s: ${outcome.struck.map(describe).join("; ")}${found.map((sentence) => `\n  ${sentence}`).join("")}`,
      );
      runs++;
      // Workers that were ended by force leave memory behind until their page is gone.
      if (runs % 5 === 0) await patient.reopen();
    }
    return { adapter: `${whole.adapter}, ${await patient.version}`, runs, struck, survived, sentences };
  } finally {
    await patient.close();
  }
}

/** Ranks that were found at fault and were not. */
function falseFaults({ told, struck }: Outcome): string[] {
  const found: string[] = [];
  const workers = new Set(
    struck.filter(({ fault }) => !["slow", "nan"].includes(fault.kind)).map(({ fault }) => fault.worker),
  );
  for (const { rank, text } of told) if (!workers.has(rank)) found.push(`rank ${rank} was found at fault: ${text}`);
  const ended = struck.filter(({ fault }) => !["slow", "nan"].includes(fault.kind));
  if (told.length !== ended.length) found.push(`${told.length} faults told, ${ended.length} struck`);
  return found;
}

const describe = ({ fault: { worker, step, at, kind }, detectedMs, recoveredMs }: Struck): string =>
  `${kind} ${at} ${step} rank ${worker} ${detectedMs === undefined ? "-" : Math.round(detectedMs)}/${recoveredMs === undefined ? "-" : Math.round(recoveredMs)} ms`;

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}
