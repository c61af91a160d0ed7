/** The campaign on ranks as a program: `npm run faults -- ranks [--kind KIND] [--seed N] [--n N] [--browser NAME]`. */
import type { BrowserKind } from "../../../src/cli/browser";
import { PageServer } from "./browsers";
import { median, rankFaults } from "./rank-faults";
import type { Struck } from "./run";

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
      { count, seed, ranks: Number(values.ranks ?? 4) },
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

const KINDS: Readonly<Record<string, (server: PageServer, values: Values) => Promise<boolean>>> = { faults };

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
