/** What is found in a run, as events tell it: plain data, made by src/doctor. One finding is one cause, with its evidence and what to do. */

/** "fatal": the run is wasted as it is. "serious": the result is wrong or far below what it could be. "warning": worth a look. "note": good to know. */
export type Severity = "fatal" | "serious" | "warning" | "note";

/** "certain": the numbers admit no other cause. "likely": the best of several causes. "possible": one of several. */
export type Certainty = "certain" | "likely" | "possible";

/** One number that was found, beside what a healthy run shows. */
export interface Evidence {
  /** What was measured: "share of vertex samples inside the feature map". */
  readonly what: string;
  readonly found: number | string;
  /** "above 0.9", "0 of 8". */
  readonly expected: string;
  readonly unit?: string;
  /** How many samples, steps or elements the number stands for. */
  readonly n?: number;
}

/** A change of the configuration that removes the cause, for "what if". */
export interface ConfigChange {
  /** Keys as in `--set`: "optim.clip" to the text of a value. */
  readonly set?: Readonly<Record<string, string>>;
  /** Quirks to leave out. */
  readonly withoutQuirks?: readonly string[];
}

export interface Finding {
  /** Stable: "joint-order", "evaluated-on-one-rank". Also the anchor in docs/findings.md and what --ignore takes. */
  readonly id: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  /** "The joints of prediction and ground truth are in different orders". */
  readonly title: string;
  /** One or two sentences with the numbers found and expected. */
  readonly sentence: string;
  readonly evidence: readonly Evidence[];
  /** Most likely first; each names what and where. */
  readonly causes: readonly string[];
  /** What to change and where. */
  readonly remedy: string;
  readonly change?: ConfigChange;
  /** Ids of samples that show it, the clearest first. */
  readonly samples: readonly string[];
  /** A page of the app that shows it: "#/inspect?sample=SYA0/0003". */
  readonly link?: string;
  /** Ids of findings that are only consequences of this one when both are there. */
  readonly explains?: readonly string[];
  /** Step or line where it was first seen. */
  readonly since?: string;
}

/** A finding with the consequences that it explains below it. */
export interface Diagnosis extends Finding {
  readonly symptoms: readonly Finding[];
}
