/**
 * The doctor's confusion table: `npm run confusion -- [--only single,pair,healthy] [--seeds 1,2,3] [--data synthetic,ho3d]
 * [--quirk NAME,...] [--pairs N] [--seed N] [--healthy N] [--match TEXT] [--resume | --report] [--out DIR]`. Every run as `train` makes it,
 * in one process. Results as lines of JSON in DIR/results.jsonl and as tables in DIR/results.md and on stdout; `--resume` goes
 * on where a program was ended, `--report` only shows what there is.
 */
import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { QUIRK_NAMES } from "../../src/config";
import { type Case, healthy, pairs, singles } from "./cases";
import type { DataKind } from "./expected";
import { judge, namedIn, names, type Result, tables } from "./judge";
import { type Observation, observe } from "./observe";
import { World } from "./world";

const KINDS = ["single", "pair", "healthy"] as const;
const DATA: readonly DataKind[] = ["synthetic", "ho3d"];

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    data: { type: "string", default: DATA.join() },
    quirk: { type: "string" },
    pairs: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    healthy: { type: "string", default: "20" },
    only: { type: "string", default: KINDS.join() },
    match: { type: "string" },
    resume: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    out: { type: "string", default: "runs/confusion" },
  },
});

/** Some of `known` by their names. */
function chosen<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return text.split(",").map((name) => {
    const found = known.find((each) => each === name);
    if (found === undefined)
      throw new Error(`confusion: --${option} has "${name}", expected some of ${known.join(", ")}`);
    return found;
  });
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new Error(`confusion: --${option} is "${text}", expected a whole number`);
  return value;
}

function chosenCases(): Case[] {
  const only = new Set(chosen("only", values.only, KINDS));
  const quirks = values.quirk === undefined ? QUIRK_NAMES : chosen("quirk", values.quirk, QUIRK_NAMES);
  const seeds = values.seeds.split(",").map((text) => wholeNumber("seeds", text));
  const isAsked = ({ key }: Case): boolean => values.match === undefined || key.includes(values.match);
  return [
    ...(only.has("pair") ? pairs(wholeNumber("pairs", values.pairs), wholeNumber("seed", values.seed)) : []),
    ...(only.has("healthy") ? healthy(wholeNumber("healthy", values.healthy)) : []),
    ...(only.has("single") ? singles(seeds, chosen("data", values.data, DATA), quirks) : []),
  ].filter(isAsked);
}

/**
 * A pair's run ends once both faults are named. One that a fatal finding ended goes on with that finding ignored, as the person
 * is told to, until both are named or nothing ends it.
 */
async function observeAll(world: World, each: Case): Promise<Observation[]> {
  if (each.kind !== "pair") return [await observe(world, each)];
  const runs: Observation[] = [];
  const ignore: string[] = [];
  const areNamed = (others: readonly string[]): boolean => {
    const named = [...runs.flatMap(namedIn), ...others];
    return each.config.quirks.every((quirk) => names(quirk, named));
  };
  for (;;) {
    const last = await observe(world, each, { ignore, isEnough: areNamed });
    runs.push(last);
    if (last.stoppedBy === undefined || ignore.includes(last.stoppedBy) || areNamed([])) return runs;
    ignore.push(last.stoppedBy);
  }
}

async function tryCase(world: World, each: Case): Promise<Result> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  try {
    return judge(each, await observeAll(world, each), seconds());
  } catch (error) {
    return judge(each, [], seconds(), (error as Error).message);
  }
}

const folder = resolve(values.out);
const file = join(folder, "results.jsonl");
await mkdir(folder, { recursive: true });
if (!values.resume && !values.report) await rm(file, { force: true });
const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
/** The last line of a case counts. */
const known = new Map(
  lines.filter((line) => line !== "").map((line) => [(JSON.parse(line) as Result).key, JSON.parse(line) as Result]),
);
const cases = chosenCases();
const due = values.report ? [] : cases.filter(({ key }) => !known.has(key));
const world = due.length > 0 ? await World.open(folder) : undefined;
const began = performance.now();
for (const [i, each] of due.entries()) {
  const result = await tryCase(world!, each);
  known.set(each.key, result);
  await appendFile(file, `${JSON.stringify(result)}\n`);
  const verdict = result.isRight ? "right" : "NOT RIGHT";
  const found = result.error ?? (result.found.join("; ") || "nothing");
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stderr.write(
    `[${minutes} min] ${i + 1} of ${due.length} ${each.key} (${result.seconds} s): ${verdict}, ${result.at ?? ""} ${found}\n`,
  );
}
await world?.close();
const results = cases.flatMap(({ key }) => known.get(key) ?? []);
const text = `${tables(results)}\n`;
await writeFile(join(folder, "results.md"), text);
process.stdout.write(text);
process.exitCode = results.every(({ isRight }) => isRight) ? 0 : 1;
