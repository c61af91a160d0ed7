/** What of the inspector stands in the address: `#/inspect?split=val&index=3&stage=attention`. Pure. */
import type { SplitName } from "../../train/inspect/types";

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
  const count = COUNTS.find((each) => each === name);
  if (count === undefined) return undefined;
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) {
    return `The address has ${name}=${value}, expected a whole number from 0 on.`;
  }
  address[count] = Number(value);
  return "";
}

/** The address of one sample: what the table of samples links to. */
export function sampleAddress({ split = "val", index = 0, stage = "crop", ...rest }: SampleAddress): string {
  const params = new URLSearchParams({ split, index: String(index), stage });
  for (const name of COUNTS) {
    const value = name === "index" ? undefined : rest[name];
    if (value !== undefined) params.set(name, String(value));
  }
  return `#/inspect?${params}`;
}
