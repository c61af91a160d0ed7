/** Devices and GPU processes that are lost, and machines that sleep, while ranks train. */
import { random } from "../../../src/data/random";
import type { RankFault } from "../../../src/ranks/fault-hook";
import { ENDLESS_CRASHES, type PageServer, Patient } from "./browsers";
import { complaints } from "./run";

/** What a number of faults from outside has come to. */
export interface OutsideCount {
  readonly adapter: string;
  /** Faults that were made, and those that the run went on after. */
  made: number;
  resumed: number;
  /** Runs, and those that came to the same bytes and records as the fault-free one. */
  runs: number;
  same: number;
  /** From the fault to the abort of the group, and from there until every rank has begun again, ms. */
  readonly detectedMs: number[];
  readonly recoveredMs: number[];
  readonly sentences: string[];
}

const counter = (adapter: string): OutsideCount => ({
  ...{ adapter, made: 0, resumed: 0, runs: 0, same: 0, detectedMs: [], recoveredMs: [], sentences: [] },
});

const soon = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The GPU process crashes at random moments, `count` times in a row, in one run. */
export async function gpuCrashes(
  server: PageServer,
  { seed, count, ranks }: { readonly seed: number; readonly count: number; readonly ranks: number },
  onCrash: (what: string) => void = () => undefined,
): Promise<OutsideCount> {
  const patient = await Patient.start("chromium", server, ENDLESS_CRASHES);
  try {
    // A crash comes two steps after the group began again, or one later.
    const steps = 6 + 3 * count;
    const faultless = await patient.train({ ranks, steps });
    const found = counter(`${faultless.adapter}, ${await patient.version}`);
    const training = patient.train({ ranks, steps });
    let isOver = false;
    const ending = training.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    const crashedAt: number[] = [];
    for (let i = 0; i < count && !isOver; i++) {
      const { step, faults } = await patient.ask<{ step: number; faults: number }>("place");
      const isReady = patient.until((place) => isOver || place.step >= step + 2);
      await Promise.race([isReady, ending]);
      await pause(400 * random(seed, "crash", i, "run").uniform());
      if (isOver) break;
      crashedAt.push(soon());
      await patient.crashGpu();
      found.made++;
      await Promise.race([patient.until((place) => isOver || place.faults > faults), ending]);
      if (!isOver) found.resumed++;
      onCrash(`crash ${i + 1}, training again ${Math.round(soon() - crashedAt[i])} ms later`);
    }
    const outcome = await training;
    found.runs++;
    const wrong = complaints(outcome, faultless);
    if (wrong.length === 0) found.same++;
    found.sentences.push(...wrong);
    for (const at of crashedAt) {
      const abort = outcome.aborts.find((one) => one.at >= at - 100);
      if (!abort) continue;
      found.detectedMs.push(Math.max(0, abort.at - at));
      if (abort.begunAt !== undefined) found.recoveredMs.push(abort.begunAt - abort.at);
    }
    return found;
  } finally {
    await patient.close();
  }
}

/** `device.destroy()` on ranks at random points of random steps, four in a run. */
export async function lostDevices(
  kind: "chromium" | "firefox",
  server: PageServer,
  { seed, count, ranks }: { readonly seed: number; readonly count: number; readonly ranks: number },
): Promise<OutsideCount> {
  const patient = await Patient.start(kind, server, kind === "chromium" ? ENDLESS_CRASHES : []);
  const steps = 16;
  try {
    const faultless = await patient.train({ ranks, steps });
    const found = counter(`${faultless.adapter}, ${await patient.version}`);
    while (found.made < count && found.runs < count) {
      const stream = random(seed, "lost device", found.runs, "run");
      const first = Math.floor(ranks * stream.uniform());
      const faults = Array.from(
        { length: Math.min(4, count - found.made, ranks) },
        (_, i): RankFault => ({
          worker: (first + i) % ranks,
          step: 2 + 3 * i + Math.floor(3 * stream.uniform()),
          at: (["before", "in", "after"] as const)[Math.floor(3 * stream.uniform())],
          kind: "lost",
        }),
      );
      const outcome = await patient.train({ ranks, steps, faults });
      const wrong = complaints(outcome, faultless);
      found.runs++;
      found.made += outcome.struck.length;
      if (wrong.length === 0) {
        found.same++;
        found.resumed += outcome.struck.length;
      }
      found.sentences.push(...wrong);
      for (const { detectedMs, recoveredMs } of outcome.struck) {
        if (detectedMs !== undefined) found.detectedMs.push(detectedMs);
        if (recoveredMs !== undefined) found.recoveredMs.push(recoveredMs);
      }
    }
    return found;
  } finally {
    await patient.close();
  }
}

/** Stops all processes of the browser for 1 to 5 s, `count` times in one run; no rank may be found at fault. */
export async function sleeps(
  kind: "chromium" | "firefox",
  server: PageServer,
  { seed, count, ranks }: { readonly seed: number; readonly count: number; readonly ranks: number },
  onSleep: (what: string) => void = () => undefined,
): Promise<OutsideCount> {
  const patient = await Patient.start(kind, server);
  try {
    const steps = 6 + 4 * count;
    const faultless = await patient.train({ ranks, steps });
    const found = counter(`${faultless.adapter}, ${await patient.version}`);
    const training = patient.train({ ranks, steps });
    await patient.until(({ begun }) => begun > 0);
    for (let i = 0; i < count; i++) {
      const stream = random(seed, "sleep", i, "run");
      const { step } = await patient.ask<{ step: number }>("place");
      const ms = 1000 + 4000 * stream.uniform();
      await pause(400 * stream.uniform());
      await patient.sleep(ms);
      found.made++;
      await patient.until((place) => place.step > step + 1 || place.faults > 0 || place.step >= steps);
      onSleep(`slept ${Math.round(ms)} ms`);
    }
    const outcome = await training;
    const wrong = complaints(outcome, faultless);
    for (const { text } of outcome.told) wrong.push(`a sleep was taken for a fault: ${text}`);
    found.runs++;
    if (wrong.length === 0) found.same++;
    found.resumed = wrong.length === 0 ? found.made : found.made - Math.max(1, outcome.told.length);
    found.sentences.push(...wrong);
    return found;
  } finally {
    await patient.close();
  }
}

/** What a hidden tab has come to. */
export interface HiddenCount {
  readonly adapter: string;
  readonly visibility: string;
  /** Median milliseconds of a step, seen and hidden, in turns of `turn` steps. */
  readonly seenMs: number;
  readonly hiddenMs: number;
  readonly faults: number;
  readonly sentences: readonly string[];
}

/** Another tab comes in front and goes again, every few steps. */
export async function hiddenTab(kind: "chromium" | "firefox", server: PageServer, ranks: number): Promise<HiddenCount> {
  const patient = await Patient.start(kind, server);
  const turn = 12;
  const turns = 6;
  try {
    const faultless = await patient.train({ ranks, steps: turn * turns });
    const training = patient.train({ ranks, steps: turn * turns });
    let visibility = "";
    const hidden: [number, number][] = [];
    for (let i = 1; i < turns; i += 2) {
      await patient.until(({ step }) => step >= turn * i);
      const uncover = await patient.cover();
      const { step: first } = await patient.ask<{ step: number }>("place");
      visibility = await patient.visibility();
      await patient.until(({ step }) => step >= Math.min(turn * (i + 1), turn * turns - 2));
      const { step: end } = await patient.ask<{ step: number }>("place");
      hidden.push([first, end]);
      await uncover();
    }
    const outcome = await training;
    const isHidden = (i: number): boolean => hidden.some(([first, end]) => i > first && i < end);
    const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
    return {
      ...{ adapter: `${faultless.adapter}, ${await patient.version}`, visibility, faults: outcome.told.length },
      seenMs: median(outcome.stepMs.filter((_, i) => i > 2 && !isHidden(i))),
      hiddenMs: median(outcome.stepMs.filter((_, i) => isHidden(i))),
      sentences: complaints(outcome, faultless),
    };
  } finally {
    await patient.close();
  }
}

/** What two crashes with the browser's own limits have come to: the browser gives no adapter for two minutes. */
export async function defaultCrashes(server: PageServer): Promise<{
  readonly seconds: number;
  readonly same: boolean;
  readonly saved: readonly string[];
  readonly lines: readonly string[];
  readonly sentences: readonly string[];
}> {
  const patient = await Patient.start("chromium", server);
  try {
    const steps = 16;
    const faultless = await patient.train({ ranks: 2, steps });
    const training = patient.train({ ranks: 2, steps });
    const ended = training.then(
      () => true,
      () => true,
    );
    let saved: readonly string[] = [];
    let at = 0;
    for (const crash of [1, 2]) {
      const { step } = await patient.ask<{ step: number }>("place");
      await Promise.race([patient.until((place) => place.step >= step + 3), ended]);
      at = soon();
      await patient.crashGpu();
      if (crash === 1) await Promise.race([patient.until(({ faults }) => faults > 0), ended]);
    }
    await pause(20_000);
    saved = await patient.ask<readonly string[]>("saved");
    const outcome = await training;
    const begun = outcome.aborts.find((abort) => abort.at >= at - 100)?.begunAt;
    const sentences = complaints(outcome, faultless);
    return {
      seconds: ((begun ?? soon()) - at) / 1000,
      same: sentences.length === 0,
      saved,
      lines: outcome.lines.filter((line) => /adapter/.test(line)),
      sentences,
    };
  } finally {
    await patient.close();
  }
}
