/** What an import of opened frames makes, the same in a page and in a terminal, so that either goes on where the other stopped. */
import { ADAPTERS } from "./adapter";
import { DEFAULT_MARGIN, recordSide } from "./crop";
import { NO_DEPTH } from "./import-job";
import { recordQuirks } from "./import-plan";
import type { OpenedFrames } from "./open";
import { describeSet } from "./shards/format";
import type { OpeningReport, SetDescription } from "./shards/types";
import type { HandModel, ImportReport } from "./types";

/** Opened frames, which of them are imported, and how. */
export interface ImportSubject {
  readonly frames: OpenedFrames;
  /** The chosen ones of `frames`, in its order. */
  readonly ids: readonly string[];
  readonly split: string;
  /** Side S of the crops that training will make, pixels. */
  readonly size: number;
  /** Side of the square over the longer side of the hand's box. */
  readonly boxScale: number;
  /** All in force; those that change no record are left out. */
  readonly quirks: Iterable<string>;
  /** The hand that the frames were opened with. */
  readonly hand: HandModel | undefined;
}

/** The part of a data set's report that reading its frames does not count again. */
export function openingReport({ dropped, notes }: ImportReport): OpeningReport {
  return { dropped: [...dropped], notes: [...notes].filter(([note]) => note !== NO_DEPTH) };
}

/** Describes the stored set that an import makes. */
export function importDescription(subject: ImportSubject): Promise<SetDescription> {
  const { frames, ids, split, size, boxScale, hand } = subject;
  const quirks = recordQuirks(subject.quirks);
  // Absolute poses are stored as they are in the files; the others have this hand's mean pose in them.
  const isOfHand = hand !== undefined && !ADAPTERS[frames.adapter].flatHandMean;
  return describeSet(
    {
      source: frames.name.slice(frames.name.lastIndexOf("/") + 1),
      ...{ format: frames.adapter, split, size, boxScale, side: recordSide(size), margin: DEFAULT_MARGIN },
      ...(isOfHand && { hand: hand.name }),
      ...(quirks !== undefined && { quirks }),
      opening: openingReport(frames.report),
    },
    ids,
  );
}
