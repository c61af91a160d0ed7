/** Training and validation frames of one list of ids. */
import { DataError } from "./data-error";
import { numpyShuffle } from "./numpy-random";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import { permutation } from "./random";

/** "SYA0/0003" to "SYA0". */
export function sequenceOf(id: string): string {
  const slash = id.lastIndexOf("/");
  return slash < 0 ? "" : id.slice(0, slash);
}

/**
 * The recording that all cameras share. HO-3D ends a sequence's name in a camera digit, "SYA0" and "SYA1" are recording "SYA";
 * DexYCB has a folder for each camera, "20200709-subject-01/20200709_141754/836212060125" is one of
 * "20200709-subject-01/20200709_141754".
 */
export function recordingOf(sequence: string): string {
  const slash = sequence.lastIndexOf("/");
  if (slash > 0) return sequence.slice(0, slash);
  return sequence.length > 1 ? sequence.replace(/\d$/, "") : sequence;
}

export type SplitBy = "recording" | "sequence" | "frame";

export interface Split {
  readonly by: SplitBy;
  readonly train: readonly string[];
  readonly validation: readonly string[];
  /** Recordings that have frames on both sides. Not empty means that validation measures memory. */
  readonly shared: readonly string[];
  /** A sentence when `shared` is not empty. */
  readonly warning: string | undefined;
}

const ORIGINAL_SEED = 42;

/**
 * The original's validation frames, train.py:142-160: np.random.seed(42) and np.random.shuffle on the places of the list, of which
 * the first int(n (1 - fraction)) train. The list has to be in the order of train.txt, without the frames that it skips.
 */
function originalValidation(ids: readonly string[], fraction: number): Set<string> {
  const order = numpyShuffle(ids.length, ORIGINAL_SEED);
  const trained = Math.trunc(ids.length * (1 - fraction));
  return new Set([...order.subarray(trained)].map((place) => ids[place]));
}

function group(ids: readonly string[], keyOf: (id: string) => string): string[][] {
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const key = keyOf(id);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [id]);
    else members.push(id);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => members);
}

/**
 * Splits ids so that about `fraction` of the frames is for validation, whole groups only. By recording (all cameras of one
 * action) is the default; by sequence and by frame leak neighbouring views and say so. Depends on seed and names, not on the
 * order of ids. Quirk `random-frame-split`: the frames that the original takes, whatever is asked; they depend on the order.
 * Throws DataError when there are fewer than two groups.
 */
export function splitIds(
  ids: readonly string[],
  options: { by?: SplitBy; fraction?: number; seed?: number; quirks?: DataQuirks } = {},
): Split {
  const { fraction = 0.1, quirks = NO_QUIRKS } = options;
  const isOriginal = quirks.has("random-frame-split");
  const by = isOriginal ? "frame" : (options.by ?? "recording");
  if (!(fraction > 0 && fraction < 1)) {
    throw new DataError(`the validation fraction is ${fraction}, expected a number between 0 and 1`);
  }
  const recording = (id: string): string => recordingOf(sequenceOf(id));
  const keys = { recording, sequence: sequenceOf, frame: (id: string): string => id };
  const groups = group(ids, keys[by]);
  if (groups.length < 2) {
    throw new DataError(
      `${ids.length} frames come from ${groups.length} ${by}, expected at least 2 to split by ${by}; split by ${by === "recording" ? "sequence or frame" : "frame"}, or add data`,
    );
  }
  const validation = isOriginal
    ? originalValidation(ids, fraction)
    : chosen(groups, fraction * ids.length, options.seed ?? 0);
  const train = ids.filter((id) => !validation.has(id));
  const trained = new Set(train.map(recording));
  const shared = [...new Set([...validation].map(recording))].filter((each) => trained.has(each)).sort();
  const warning =
    shared.length === 0
      ? undefined
      : `${shared.length} recordings have frames in training and in validation (first "${shared[0]}"): validation will look better than it is; split by recording`;
  return { by, train, validation: ids.filter((id) => validation.has(id)), shared, warning };
}

/** Whole groups in a random order until about `frames` frames are taken; at least one group, and never all. */
function chosen(groups: readonly string[][], frames: number, seed: number): Set<string> {
  const order = permutation(groups.length, seed, 0);
  const taken = new Set<string>();
  for (const [place, index] of order.entries()) {
    const members = groups[index];
    const isNearer = taken.size + members.length / 2 <= frames;
    if (isNearer && place < order.length - 1) for (const id of members) taken.add(id);
  }
  return taken.size > 0 ? taken : new Set(smallest(groups));
}

function smallest(groups: readonly string[][]): string[] {
  return groups.reduce((best, each) => (each.length < best.length ? each : best));
}
