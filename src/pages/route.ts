/** The address of a page: `#/train?demo=1&steps=20`. Pure functions; the one listener is in `store.ts`. */

import { readSampleParam, type SampleAddress } from "./inspect/address";
import { type GridAddress, readGridParam } from "./inspect/grid-address";
import { readViewParam, type ViewState, viewParams } from "./runs/view";

export type PageName = "train" | "profile" | "inspect";

/** A page and the run that its address asks for. */
export interface Route {
  readonly page: PageName;
  /** Present when the address asks to start the built-in demo at once. */
  readonly demo: DemoRequest | undefined;
  /** Id of the sample that the inspector is asked to show. */
  readonly sample: string | undefined;
  /** Which sample the inspector shows and how; empty for the table of samples. */
  readonly look: SampleAddress;
  /** How the table of samples is looked at, as far as the address says it. */
  readonly grid: GridAddress;
  /** How the charts are to be looked at, as far as the address says it. */
  readonly view: Partial<ViewState>;
  /** Sentences on what in the address was not understood. */
  readonly problems: readonly string[];
}

/** Size of the demo run. */
export interface DemoRequest {
  readonly preset: string;
  /** Rendered frames, training and validation together. */
  readonly frames: number;
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
}

/** Small enough for an adapter that runs on the CPU. */
export const DEMO: DemoRequest = { preset: "tiny", frames: 48, batch: 8, steps: 60, seed: 1 };

export const PAGES: readonly { readonly name: PageName; readonly label: string }[] = [
  { name: "train", label: "Train" },
  { name: "profile", label: "Profile" },
  { name: "inspect", label: "Inspect" },
];

const COUNTS = { frames: 1, batch: 1, steps: 1, seed: 0 } as const;
type CountName = keyof typeof COUNTS;

/** Reads `location.hash`. What it does not understand becomes a sentence, never a silent default. */
export function parseRoute(hash: string): Route {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const problems: string[] = [];
  const found = PAGES.find((each) => each.name === path);
  if (found === undefined && path !== "") {
    problems.push(`The address names the page "${path}", expected train, profile or inspect.`);
  }
  const page = found?.name ?? "train";
  const demo: { -readonly [K in keyof DemoRequest]: DemoRequest[K] } = { ...DEMO };
  let asked = false;
  let sample: string | undefined;
  const view: { -readonly [Key in keyof ViewState]?: ViewState[Key] } = {};
  const look: { -readonly [Key in keyof SampleAddress]: SampleAddress[Key] } = {};
  const grid: { -readonly [Key in keyof GridAddress]: GridAddress[Key] } = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "demo") {
      asked = value === "1" || value === "true" || value === "";
      if (!asked && value !== "0") problems.push(`The address has demo=${value}, expected 1 or 0.`);
    } else if (name === "preset") demo.preset = value;
    else if (name === "sample" && page === "inspect") sample = value;
    else if (name in COUNTS) {
      const least = COUNTS[name as CountName];
      const count = Number(value);
      if (/^\d+$/.test(value) && Number.isSafeInteger(count) && count >= least) demo[name as CountName] = count;
      else problems.push(`The address has ${name}=${value}, expected a whole number of at least ${least}.`);
    } else {
      const problem =
        page === "train"
          ? readViewParam(name, value, view)
          : page === "inspect"
            ? (readSampleParam(name, value, look) ?? readGridParam(name, value, grid))
            : undefined;
      if (problem === undefined) problems.push(`The address has the parameter "${name}", which is not known.`);
      else if (problem !== "") problems.push(problem);
    }
  }
  const isDemo = asked && page === "train" && problems.length === 0;
  return { page, demo: isDemo ? demo : undefined, sample, look, grid, view, problems };
}

/** The address without its request for the demo, which would start once more with every reload. */
export function withoutDemo(hash: string): string {
  const [path, query = ""] = hash.split("?", 2);
  const kept = [...new URLSearchParams(query)].filter(
    ([name]) => name !== "demo" && name !== "preset" && !(name in COUNTS),
  );
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept)}`;
}

/** The address of the training page with another view; what else it asks for stays. */
export function withView(hash: string, view: ViewState): string {
  const [path, query = ""] = hash.split("?", 2);
  const others = [...new URLSearchParams(query)].filter(
    ([name, value]) => readViewParam(name, value, {}) === undefined,
  );
  const params = new URLSearchParams([...others, ...viewParams(view)]).toString();
  return params === "" ? path : `${path === "" ? "#/train" : path}?${params}`;
}
