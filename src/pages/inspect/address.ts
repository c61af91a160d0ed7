/** What of the inspector stands in the address: `#/inspect?split=val&index=3&stage=attention`. Pure. */
import { keptName, keptPlace } from "../../train/inspect/kept-place";
import type { KeptPlace, SplitName } from "../../train/inspect/types";

/** The stages of a sample's life, in order. */
export const STAGE_NAMES = [
  ...(["frame", "crop", "augmentation", "tokens", "attention", "maps"] as const),
  ...(["sampling", "coarse", "refined", "metrics", "losses", "gradients"] as const),
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** One sample and how it is looked at, as far as an address says it. */
export interface SampleAddress {
  readonly split?: SplitName;
  readonly index?: number;
  readonly stage?: StageName;
  /** Epoch of the augmentation, of training samples. */
  readonly epoch?: number;
  /** Step of the checkpoint whose weights are shown. */
  readonly checkpoint?: number;
  readonly block?: number;
  /** Without it the mean of all heads. */
  readonly head?: number;
  readonly token?: number;
  /** A sample that a stored run, `run` in the address, has kept: it is shown from its file. */
  readonly kept?: KeptPlace;
  /** Name of a file that a person has opened; which one that was is not known after a reload. */
  readonly file?: string;
}

type Writable = { -readonly [Key in keyof SampleAddress]: SampleAddress[Key] };

const COUNTS = ["index", "epoch", "checkpoint", "block", "head", "token"] as const;

/**
 * Takes one parameter into `address`. Returns undefined when it is not one of the sample's, "" when it was taken, else a sentence
 * on what was expected.
 */
export function readSampleParam(name: string, value: string, address: Writable): string | undefined {
  if (name === "split") {
    if (value !== "train" && value !== "val") return `The address has split=${value}, expected train or val.`;
    address.split = value;
    return "";
  }
  if (name === "stage") {
    const stage = STAGE_NAMES.find((each) => each === value);
    if (stage === undefined) return `The address has stage=${value}, expected one of ${STAGE_NAMES.join(", ")}.`;
    address.stage = stage;
    return "";
  }
  if (name === "kept") {
    const place = keptPlace(value);
    if (place === undefined) return `The address has kept=${value}, expected a split and a place as val-12.`;
    address.kept = place;
    return "";
  }
  if (name === "file") {
    address.file = value;
    return "";
  }
  const count = COUNTS.find((each) => each === name);
  if (count === undefined) return undefined;
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) {
    return `The address has ${name}=${value}, expected a whole number from 0 on.`;
  }
  address[count] = Number(value);
  return "";
}

/** The address of one sample: what the table of samples links to. `table`: how that was looked at, which is the order of samples. */
export function sampleAddress(sample: SampleAddress, table: readonly (readonly [string, string])[] = []): string {
  const { split = "val", index = 0, stage = "crop", ...rest } = sample;
  return addressOf([["split", split], ["index", String(index)], ["stage", stage], ...countsOf(rest), ...table]);
}

/** The address of a sample that the stored run `run` has kept. */
export function keptAddress(
  run: string,
  { kept, stage = "crop", ...rest }: SampleAddress & { readonly kept: KeptPlace },
  table: readonly (readonly [string, string])[] = [],
): string {
  return addressOf([["run", run], ["kept", keptName(kept)], ["stage", stage], ...countsOf(rest), ...table]);
}

/** The address while the file of that name is open. */
export const fileAddress = (file: string, { stage = "crop", ...rest }: SampleAddress): string =>
  addressOf([["file", file], ["stage", stage], ...countsOf(rest)]);

const countsOf = (sample: SampleAddress): (readonly [string, string])[] =>
  COUNTS.flatMap((name) =>
    name === "index" || sample[name] === undefined ? [] : [[name, String(sample[name])] as const],
  );

const addressOf = (params: readonly (readonly [string, string])[]): string =>
  `#/inspect?${new URLSearchParams(params.map(([name, value]) => [name, value]))}`;
