/** The campaign on ranks as a program: `npm run faults -- ranks [--kind KIND] [--seed N] [--n N] [--browser NAME]`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserKind } from "../../../src/cli/browser";
import { prepareNodeGpu, requestNodeGpu } from "../../../src/cli/dawn";
import { projectRoot } from "../../../src/cli/host";
import { readHandAsset } from "../../../src/data/hand/asset";
import type { HandModel } from "../../../src/data/types";
import { Gpu } from "../../../src/gpu/gpu";
import { PageServer, Patient } from "./browsers";
import { defaultCrashes, gpuCrashes, hiddenTab, lostDevices, type OutsideCount, sleeps } from "./gpu-faults";
import { poisonAll } from "./non-finite";
import { median, type RankFaultKind, rankFaults } from "./rank-faults";
import type { Struck } from "./run";
import { type StopCount, stopsHere, stopsOnRanks } from "./stops";

type Values = Readonly<Record<string, string | undefined>>;

/** None in n independent trials: with 95 % confidence the rate is below 3 / n. */
export const bound = (found: number, trials: number): string =>
  found > 0 || trials === 0 ? `${found}` : `0 (rate below ${(100 * Math.min(1, 3 / trials)).toFixed(1)} %)`;

const started = performance.now();
export const say = (text: string): void =>
  console.log(`[${((performance.now() - started) / 1000).toFixed(0)} s] ${text}`);

const numbers = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);

function timesRow(what: string, struck: readonly Struck[]): string {
  const detected = numbers(struck.map(({ detectedMs }) => detectedMs));
  const recovered = numbers(struck.map(({ recoveredMs }) => recoveredMs));
  const of = (times: readonly number[]): string =>
    times.length === 0 ? "- | -" : `${median(times)} | ${Math.round(Math.max(...times))}`;
  return `| ${what} | ${struck.length} | ${of(detected)} | ${of(recovered)} |`;
}

async function faults(server: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const n = Number(values.n ?? 160);
  const browsers: [BrowserKind, number][] = (
    [
      ["chromium", Math.round((n * 5) / 8)],
      ["firefox", n - Math.round((n * 5) / 8)],
    ] as [BrowserKind, number][]
  ).filter(([name]) => values.browser === undefined || values.browser === name);
  let isGood = true;
  for (const [browser, share] of browsers) {
    const count = values.browser === undefined ? share : n;
    const { adapter, runs, struck, survived, sentences } = await rankFaults(
      browser,
      server,
      {
        count,
        seed,
        ranks: Number(values.ranks ?? 4),
        kinds: values.only === undefined ? undefined : [values.only as RankFaultKind],
      },
      say,
    );
    say(
      `${browser} (${adapter}), seed ${seed}: ${struck.length} faults in ${runs} runs, ${survived} survived, not survived ${bound(struck.length - survived, struck.length)}`,
    );
    console.log("| fault | n | detected ms p50 | p100 | recovered ms p50 | p100 |\n|---|---|---|---|---|---|");
    for (const kind of new Set(struck.map(({ kind }) => kind)))
      console.log(
        timesRow(
          kind,
          struck.filter((one) => one.kind === kind),
        ),
      );
    console.log(timesRow("all", struck));
    for (const sentence of sentences) console.log(`  ${sentence}`);
    isGood &&= sentences.length === 0;
  }
  return isGood;
}

/** A device of this process, and the shipped hand. */
async function here(): Promise<{ readonly gpu: Gpu; readonly hand: HandModel }> {
  await prepareNodeGpu({ install: true });
  const asset = readFileSync(join(projectRoot(), "public/openhand/openhand.safetensors"));
  return { gpu: await Gpu.request(await requestNodeGpu()), hand: readHandAsset(new Uint8Array(asset).buffer) };
}

async function numbersKind(_: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const { gpu, hand } = await here();
  const most = values.n === undefined ? undefined : Number(values.n);
  const count = await poisonAll(gpu, hand, { seed, most }, ({ tried }, all) => {
    if (tried % 100 === 0) say(`${tried} of ${all}`);
  });
  const { tensors, tried, found, unread, poisoned, rolledBack, rollBacks, sentences, adapter } = count;
  say(
    `${adapter}, seed ${seed}: ${tensors} tensors x 3 values = ${tried}: ${found} found in the same step and named, ${unread} in inputs that nobody reads, not found ${bound(tried - found - unread, tried)}, poisoned ${bound(poisoned, tried)}; three refused steps in a row rolled back ${rolledBack} of ${rollBacks} times`,
  );
  for (const sentence of sentences.slice(0, 20)) console.log(`  ${sentence}`);
  return sentences.length === 0;
}

async function stopsKind(server: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const n = Number(values.n ?? 50);
  const onRanks = Math.max(1, Math.round(n / 8));
  const tell = ({ stops, exact }: StopCount): void => say(`${exact} of ${stops} exact`);
  const counts: StopCount[] = [];
  if (values.browser === undefined) {
    const { gpu, hand } = await here();
    counts.push(await stopsHere(gpu, hand, { seed, count: n - onRanks }, tell));
  }
  const patient = await Patient.start("chromium", server);
  try {
    counts.push(await stopsOnRanks(patient, { seed, count: onRanks }, tell));
  } finally {
    await patient.close();
  }
  for (const { where, stops, exact, sentences } of counts) {
    say(
      `${where}, seed ${seed}: ${stops} stops, ${exact} gone on with to the same bytes, others ${bound(stops - exact, stops)}`,
    );
    for (const sentence of sentences) console.log(`  ${sentence}`);
  }
  return counts.every(({ sentences }) => sentences.length === 0);
}

function tellOutside(what: string, seed: number, count: OutsideCount): boolean {
  const { adapter, made, resumed, runs, same, detectedMs, recoveredMs, sentences } = count;
  const of = (times: readonly number[]): string =>
    times.length === 0 ? "-" : `${median(times)} ms (p50), ${Math.round(Math.max(...times))} ms (p100)`;
  say(
    `${what}, ${adapter}, seed ${seed}: ${made} made, ${resumed} resumed, not resumed ${bound(made - resumed, made)}; ${same} of ${runs} runs with the same bytes and records; detected after ${of(detectedMs)}, all ranks training again ${of(recoveredMs)} later`,
  );
  for (const sentence of sentences.slice(0, 10)) console.log(`  ${sentence}`);
  return sentences.length === 0;
}

async function crashes(server: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const options = { seed, count: Number(values.n ?? 30), ranks: Number(values.ranks ?? 2) };
  return tellOutside("GPU process crashed", seed, await gpuCrashes(server, options, say));
}

async function devices(server: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const options = { seed, count: Number(values.n ?? 12), ranks: Number(values.ranks ?? 2) };
  let isGood = true;
  for (const browser of browsersOf(values))
    isGood = tellOutside(`${browser}: device destroyed`, seed, await lostDevices(browser, server, options)) && isGood;
  return isGood;
}

async function sleep(server: PageServer, values: Values): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const options = { seed, count: Number(values.n ?? 20), ranks: Number(values.ranks ?? 4) };
  let isGood = true;
  for (const browser of browsersOf(values))
    isGood = tellOutside(`${browser}: slept`, seed, await sleeps(browser, server, options, say)) && isGood;
  return isGood;
}

async function hidden(server: PageServer, values: Values): Promise<boolean> {
  const count = await hiddenTab("firefox", server, Number(values.ranks ?? 2));
  const { adapter, visibility, seenMs, hiddenMs, faults, sentences } = count;
  const speed = ((100 * seenMs) / hiddenMs).toFixed(0);
  say(
    `hidden tab (${visibility}), ${adapter}: ${Math.round(hiddenMs)} ms a step, ${Math.round(seenMs)} ms when seen, speed ${speed} %; ${faults} faults`,
  );
  for (const sentence of sentences) console.log(`  ${sentence}`);
  return sentences.length === 0 && faults === 0;
}

async function limits(server: PageServer): Promise<boolean> {
  const { seconds, same, saved, lines, sentences } = await defaultCrashes(server);
  say(
    `two GPU crashes with the browser's own limits: training again ${seconds.toFixed(0)} s after the second, ${same ? "same" : "other"} bytes; saved meanwhile: ${saved.join(", ") || "nothing"}`,
  );
  for (const line of [...lines.slice(0, 12), ...sentences]) console.log(`  ${line}`);
  return same;
}

const browsersOf = ({ browser }: Values): BrowserKind[] =>
  (["chromium", "firefox"] as const).filter((name) => browser === undefined || browser === name);

const KINDS: Readonly<Record<string, (server: PageServer, values: Values) => Promise<boolean>>> = {
  faults,
  numbers: numbersKind,
  stops: stopsKind,
  crashes,
  devices,
  sleep,
  hidden,
  limits,
};

/** Runs one kind of fault, or all; false when something was not survived. */
export async function ranks(values: Values): Promise<boolean> {
  const names = values.kind === undefined ? Object.keys(KINDS) : [values.kind];
  const server = await PageServer.start();
  let isGood = true;
  try {
    for (const name of names) {
      if (!KINDS[name])
        throw new Error(`faults: ranks has no kind "${name}"; there are ${Object.keys(KINDS).join(", ")}`);
      say(`ranks, ${name}`);
      isGood = (await KINDS[name](server, values)) && isGood;
    }
  } finally {
    server.close();
  }
  return isGood;
}
