/** Cameras, joints, pose range and split of a data set, in a few numbers each. */

import { messageOf } from "../data-error";
import { type SplitBy, sequenceOf, splitIds } from "../split";
import type { Frame } from "../types";
import { quantile } from "./histogram";
import type { JointState, RecordFacts } from "./measure";

/** Low, middle and high of one number. */
export interface Range {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** The cameras of the frames that were looked at. Pixels. */
export interface CameraSummary {
  /** Different camera matrices, to a hundredth of a pixel, the most frequent first; at most 12 of them. */
  readonly distinct: number;
  readonly cameras: readonly { readonly camera: Frame["camera"]; readonly frames: number; readonly example: string }[];
  readonly fx: Range;
  readonly fy: Range;
  readonly cx: Range;
  readonly cy: Range;
}

function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  return { low: sorted[0], median: quantile(sorted, 0.5), high: sorted[sorted.length - 1] };
}

/** Which cameras took the frames. `facts` must not be empty. */
export function cameraSummary(facts: readonly RecordFacts[]): CameraSummary {
  const found = new Map<string, { camera: Frame["camera"]; frames: number; example: string }>();
  for (const { camera, id } of facts) {
    const key = camera.map((value) => value.toFixed(2)).join(" ");
    const known = found.get(key);
    if (known === undefined) found.set(key, { camera, frames: 1, example: id });
    else known.frames++;
  }
  const column = (c: number): Range => rangeOf(facts.map(({ camera }) => camera[c]));
  return {
    distinct: found.size,
    cameras: [...found.values()].sort((a, b) => b.frames - a.frames).slice(0, 12),
    fx: column(0),
    fy: column(1),
    cx: column(2),
    cy: column(3),
  };
}

/** How often each joint can be seen, by what the depth image says there. Shares add up to 1. */
export interface JointVisibility {
  readonly joint: number;
  /** Frames in which this joint is annotated. */
  readonly frames: number;
  readonly shares: Readonly<Record<JointState, number>>;
}

/** Visibility of the 21 joints (of the wrist alone when nothing else is annotated). */
export function jointVisibility(facts: readonly RecordFacts[]): JointVisibility[] {
  const most = facts.reduce((high, { joints }) => Math.max(high, joints), 0);
  return Array.from({ length: most }, (_, joint) => {
    const states = facts.flatMap(({ states: each }) => (joint < each.length ? [each[joint]] : []));
    const share = (state: JointState): number => states.filter((each) => each === state).length / states.length;
    return {
      joint,
      frames: states.length,
      shares: {
        seen: share("seen"),
        hidden: share("hidden"),
        "no reading": share("no reading"),
        outside: share("outside"),
      },
    };
  });
}

/** How far one of MANO's 15 finger joints is turned from the flat hand, degrees. */
export interface PoseRange {
  /** Place in MANO's order less the wrist: index, middle, pinky, ring, thumb, three each from base to tip. */
  readonly joint: number;
  readonly low: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly high: number;
}

/** Pose range of the 15 joints; empty when no frame has MANO parameters. */
export function poseRange(facts: readonly RecordFacts[]): PoseRange[] {
  const poses = facts.flatMap(({ anglesDegrees }) => (anglesDegrees === undefined ? [] : [anglesDegrees]));
  if (poses.length === 0) return [];
  return Array.from({ length: 15 }, (_, joint) => {
    const sorted = poses.map((angles) => angles[joint]).sort((a, b) => a - b);
    const at = (q: number): number => quantile(sorted, q);
    return { joint, low: at(0), p5: at(0.05), median: at(0.5), p95: at(0.95), high: at(1) };
  });
}

/** Counts of one side of the split. */
export interface SplitSide {
  readonly recordings: number;
  readonly sequences: number;
  readonly frames: number;
}

/** What training and validation will be. */
export interface SplitSummary {
  readonly by: SplitBy;
  readonly train: SplitSide;
  readonly validation: SplitSide;
  /** Recordings on both sides: validation then measures memory. */
  readonly shared: readonly string[];
  /** A sentence when there is a leak, or when the frames cannot be split as asked. */
  readonly warning: string | undefined;
}

/** One sequence of the set. */
export interface SequenceSummary {
  readonly name: string;
  readonly recording: string;
  readonly frames: number;
  readonly side: "train" | "validation" | "both";
}

/** Options of the split that training uses. */
export type SplitOptions = Parameters<typeof splitIds>[1];

/** The split of all ids, and on which side each sequence is. */
export function splitSummary(
  ids: readonly string[],
  recordingOf: (sequence: string) => string,
  options: SplitOptions = {},
): { split: SplitSummary; sequences: SequenceSummary[] } {
  let train: readonly string[] = ids;
  let validation: readonly string[] = [];
  let by: SplitBy = options.by ?? "recording";
  let shared: readonly string[] = [];
  let warning: string | undefined;
  try {
    const split = splitIds(ids, options);
    ({ train, validation, by, shared, warning } = split);
  } catch (error) {
    warning = messageOf(error);
  }
  const sides = new Map<string, { frames: number; side: SequenceSummary["side"] }>();
  for (const [side, members] of [
    ["train", train],
    ["validation", validation],
  ] as const) {
    for (const id of members) {
      const name = sequenceOf(id);
      const known = sides.get(name);
      if (known === undefined) sides.set(name, { frames: 1, side });
      else {
        known.frames++;
        if (known.side !== side) known.side = "both";
      }
    }
  }
  const sequences = [...sides]
    .map(([name, each]) => ({ name, recording: recordingOf(name), ...each }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const sideOf = (side: "train" | "validation", members: readonly string[]): SplitSide => {
    const own = sequences.filter((each) => each.side === side || each.side === "both");
    return {
      recordings: new Set(own.map(({ recording }) => recording)).size,
      sequences: own.length,
      frames: members.length,
    };
  };
  return {
    split: { by, train: sideOf("train", train), validation: sideOf("validation", validation), shared, warning },
    sequences,
  };
}
