/** Whether what was told is right, and the tables of it. No device. */
import type { QuirkName } from "../../src/config/quirks";
import type { Case } from "./cases";
import { EXPECTED } from "./expected";
import type { Observation } from "./observe";

/** A case that was run: one line of the program's file. */
export interface Result extends Pick<Case, "key" | "kind" | "title" | "data" | "ranks"> {
  readonly quirks: readonly QuirkName[];
  readonly seed: number;
  /** Findings above a note, in order, with what each explains: "joint-order (loss-unexplained)". */
  readonly found: readonly string[];
  readonly sentences: readonly string[];
  /** Ids that were told in any of the runs, symptoms included. */
  readonly named: readonly string[];
  readonly isRight: boolean;
  /** When the right finding was first in the list at first. */
  readonly at: string | undefined;
  /** What ended the run, or runs, early. */
  readonly stoppedBy: readonly string[];
  readonly adapter: string;
  readonly complaints: readonly string[];
  /** What the run threw. */
  readonly error: string | undefined;
  readonly seconds: number;
}

/** Whether a finding with an id that is right for `quirk` was told anywhere. */
export const names = (quirk: QuirkName, named: readonly string[]): boolean =>
  EXPECTED[quirk].ids.some((id) => named.includes(id));

/** All ids, those of symptoms included. */
export const namedIn = ({
  told,
}: {
  readonly told: readonly { readonly id: string; readonly symptoms: readonly (string | { readonly id: string })[] }[];
}): string[] =>
  told.flatMap(({ id, symptoms }) => [id, ...symptoms.map((each) => (typeof each === "string" ? each : each.id))]);

/** `runs`: the case's run, and those that went on with what had ended it ignored. */
export function judge(each: Case, runs: readonly Observation[], seconds: number, error?: string): Result {
  const { key, kind, title, data, ranks, config } = each;
  const [first] = runs;
  const graver = first?.told.filter(({ severity }) => severity !== "note") ?? [];
  const named = [...new Set(runs.flatMap(namedIn))];
  const wanted = config.quirks.length === 1 ? EXPECTED[config.quirks[0]].ids : [];
  const isFirst = first?.told.length > 0 && wanted.includes(first.told[0].id);
  const isRight = {
    single: isFirst,
    pair: config.quirks.every((quirk) => names(quirk, named)),
    healthy: runs.length > 0 && graver.length === 0,
  }[kind];
  return {
    ...{ key, kind, title, data, ranks, quirks: config.quirks, seed: config.run.seed },
    found: graver.map(({ id, symptoms }) => (symptoms.length === 0 ? id : `${id} (${symptoms.join(", ")})`)),
    sentences: isRight ? [] : graver.map(({ id, sentence }) => `${id}: ${sentence}`),
    named,
    isRight: isRight && error === undefined,
    at: isFirst ? first.firstAt[first.told[0].id] : undefined,
    stoppedBy: runs.flatMap(({ stoppedBy }) => stoppedBy ?? []),
    adapter: first?.adapter ?? "",
    complaints: runs.flatMap(({ complaints }) => complaints),
    error,
    seconds: Math.round(10 * seconds) / 10,
  };
}

const shares = (results: readonly Result[]): string =>
  `${results.filter(({ isRight }) => isRight).length} of ${results.length}`;

/** "a, b" without repetition, in the order of their first appearance. */
const unique = (texts: readonly string[]): string => [...new Set(texts)].join(", ");

/** Markdown: a row for each fault, one of the pairs, one of the healthy runs, and below what is not right. */
export function tables(results: readonly Result[]): string {
  const singles = results.filter(({ kind }) => kind === "single");
  const pairs = results.filter(({ kind }) => kind === "pair");
  const healthy = results.filter(({ kind }) => kind === "healthy");
  const quirks = (Object.keys(EXPECTED) as QuirkName[]).filter((quirk) =>
    singles.some((each) => each.quirks[0] === quirk),
  );
  const rows = quirks.map((quirk) => {
    const own = singles.filter((each) => each.quirks[0] === quirk);
    return `| ${quirk} | ${EXPECTED[quirk].ids.join(", ")} | ${shares(own)} | ${unique(own.flatMap(({ at }) => at ?? [])) || "-"} |`;
  });
  const wrong = results.filter(({ isRight }) => !isRight);
  return [
    "| planted | right finding | first in the list | found |",
    "|---|---|---|---|",
    ...rows,
    ...(singles.length > 0 ? [`| all, alone | | ${shares(singles)} | |`] : []),
    ...(pairs.length > 0 ? [`| pairs | both named | ${shares(pairs)} | |`] : []),
    ...(healthy.length > 0 ? [`| nothing (healthy runs) | none above a note | ${shares(healthy)} | |`] : []),
    "",
    ...(wrong.length > 0 ? ["Not right:"] : []),
    ...wrong.map(
      ({ key, title, found, error }) => `- ${key} (${title}): ${error ?? (found.join("; ") || "nothing found")}`,
    ),
    "",
    `Adapter: ${unique(results.map(({ adapter }) => adapter))}.`,
  ].join("\n");
}
