/** Runs that are stopped at a random step and gone on with, in this thread and on ranks of a page. */
import { random } from "../../../src/data/random";
import { NO_THREADS } from "../../../src/data/sample-pool";
import { syntheticFrameSet } from "../../../src/data/synthetic/frames";
import type { Frame, FrameSet, HandModel } from "../../../src/data/types";
import type { Gpu } from "../../../src/gpu/gpu";
import { launch } from "../../../src/train/launch";
import type { LocalRun } from "../../../src/train/local-run";
import { MemoryStorage } from "../../helpers/memory-storage";
import type { Patient } from "./browsers";
import { campaignConfig, FRAMES, hashesOf, metricsOf } from "./run";

const STEPS = 12;
const RANKS = [1, 2, 4] as const;

/** What stops have come to. */
export interface StopCount {
  readonly where: string;
  stops: number;
  /** Ended at the step that was asked for or the one after it, and went on to the same bytes and records. */
  exact: number;
  readonly sentences: string[];
}

interface Ended {
  readonly hashes: Readonly<Record<string, string>>;
  readonly metrics: readonly string[];
  readonly step: number;
}

/** Frames that are rendered once. */
async function renderedFrames(hand: HandModel): Promise<FrameSet> {
  const set = syntheticFrameSet(hand, { frames: FRAMES, seed: 3 });
  const frames = new Map<string, Frame>();
  for (const id of set.ids) frames.set(id, await set.read(id));
  return { ...set, read: async (id) => frames.get(id)! };
}

/** Stops and goes on `count` times in this thread. */
export async function stopsHere(
  gpu: Gpu,
  hand: HandModel,
  { seed, count }: { readonly seed: number; readonly count: number },
  onStop: (count: StopCount) => void = () => undefined,
): Promise<StopCount> {
  const frames = await renderedFrames(hand);
  const clock = { now: () => performance.now(), wallSeconds: () => 1_700_000_000 };
  const config = campaignConfig(STEPS);
  const train = async (storage: MemoryStorage, resume: boolean, stopAt?: number): Promise<Ended> => {
    let run: LocalRun | undefined;
    run = await launch({
      ...{ name: "stops", config, gpu, hand, frames, storage, clock, resume, threads: NO_THREADS },
      emit(event) {
        if (event.type === "step" && event.record.step === stopAt) run?.stop();
      },
    });
    try {
      await run.run();
      return { hashes: await hashesOf(storage), metrics: metricsOf(storage), step: run.step };
    } finally {
      run.destroy();
    }
  };
  const whole = await train(new MemoryStorage(), false);
  const stops: StopCount = { where: `Node, 1 rank, ${gpu.label}`, stops: 0, exact: 0, sentences: [] };
  for (let i = 0; i < count; i++) {
    const stopAt = stepOf(seed, i);
    const storage = new MemoryStorage();
    const stopped = await train(storage, false, stopAt);
    judge(stops, `stop ${i}`, stopAt, stopped.step, await train(storage, true), whole);
    onStop(stops);
  }
  return stops;
}

/** Stops and goes on `count` times in a page, each time on other numbers of ranks. */
export async function stopsOnRanks(
  patient: Patient,
  { seed, count }: { readonly seed: number; readonly count: number },
  onStop: (count: StopCount) => void = () => undefined,
): Promise<StopCount> {
  const whole = await patient.train({ ranks: 1, steps: STEPS });
  const stops: StopCount = { where: `${patient.kind}, ${whole.adapter}`, stops: 0, exact: 0, sentences: [] };
  for (let i = 0; i < count; i++) {
    const stopAt = stepOf(seed, i);
    const stream = random(seed, "ranks of a stop", i, "run");
    const before = RANKS[Math.floor(RANKS.length * stream.uniform())];
    const others = RANKS.filter((ranks) => ranks !== before);
    const after = others[Math.floor(others.length * stream.uniform())];
    const stopped = await patient.train({ ranks: before, steps: STEPS, stopAt });
    const resumed = await patient.train({ ranks: after, steps: STEPS, resume: true });
    if (resumed.error !== undefined) stops.sentences.push(`stop ${i}: ${resumed.error}`);
    judge(stops, `stop ${i}, ${before} then ${after} ranks`, stopAt, stopped.step, resumed, whole);
    onStop(stops);
  }
  return stops;
}

/** 1 to STEPS - 2, as the request may come a step late. */
const stepOf = (seed: number, i: number): number =>
  1 + Math.floor((STEPS - 2) * random(seed, "stop", i, "run").uniform());

function judge(stops: StopCount, who: string, stopAt: number, step: number, resumed: Ended, whole: Ended): void {
  stops.stops++;
  const found: string[] = [];
  if (step < stopAt || step >= STEPS) found.push(`ended at step ${step}, asked for ${stopAt}`);
  for (const [name, hash] of Object.entries(whole.hashes)) {
    // Its list of saved checkpoints and the step that was gone on from differ.
    if (name.endsWith("state.json")) continue;
    if (resumed.hashes[name] !== hash) found.push(`${name} has other bytes`);
  }
  if (JSON.stringify(resumed.metrics) !== JSON.stringify(whole.metrics)) found.push("metrics.jsonl has other records");
  if (found.length === 0) stops.exact++;
  stops.sentences.push(...found.map((sentence) => `${who}: ${sentence}`));
}
