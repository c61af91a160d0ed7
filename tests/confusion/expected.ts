/** What every planted fault has to be called, and which faults cannot be seen beside others. Data only. */
import { QUIRK_NAMES, type QuirkName } from "../../src/config/quirks";

/** Frames rendered in memory, or read from an HO-3D v3 tree. */
export type DataKind = "synthetic" | "ho3d";

export interface Expectation {
  /** Any of them as the first finding is right. */
  readonly ids: readonly string[];
  /** Where the fault acts; both when it is not said. */
  readonly data?: readonly DataKind[];
  /** Why two ids are right, or why it acts on one kind of data alone. */
  readonly why?: string;
  /** Ranks of a run in which it shows; 1 when it is not said. */
  readonly ranks?: number;
  readonly jointRep?: "aa";
  /** A fault of training or scoring, not of data or network. */
  readonly isOfRun?: boolean;
  /** It shows in a run that goes on from a checkpoint. */
  readonly resumes?: boolean;
}

export const EXPECTED: Readonly<Record<QuirkName, Expectation>> = {
  "opengl-unconverted": {
    ids: ["frame-opengl", "crop-empty"],
    why: "labels in OpenGL's frame are only in HO-3D's files; on rendered frames the quirk leaves the blank crop that followed in the original",
  },
  "com-shift-twice": { ids: ["crop-moved-twice"] },
  "labels-not-augmented": { ids: ["labels-not-rotated"] },
  "pose-not-augmented": { ids: ["hand-pose-not-rotated"] },
  "tips-smplx": { ids: ["tips-of-another-model"] },
  "pose-opengl": { ids: ["hand-pose-frame"], data: ["ho3d"], why: "acts in HO-3D's reader alone" },
  bgr: { ids: ["channel-order"] },
  "width-normalised": { ids: ["x-normalised-by-width"] },
  "depth-bytes-swapped": { ids: ["depth-bytes"], data: ["ho3d"], why: "acts in the reader of depth images alone" },
  "gt-recentred": { ids: ["labels-root-relative"] },
  "random-frame-split": { ids: ["split-leak"] },
  "duplicate-samples": { ids: ["samples-doubled"] },
  "mano-thumb-first": { ids: ["joint-order"] },
  "double-millimetres": { ids: ["unit-doubled"] },
  "double-centring": { ids: ["double-centring"] },
  "val-rank0-only": { ids: ["evaluated-on-one-rank"], isOfRun: true, ranks: 2 },
  "val-padded": { ids: ["samples-counted-twice"], isOfRun: true, ranks: 2 },
  "nan-as-zero": { ids: ["nan-scored-as-zero"], isOfRun: true },
  "mano-missing": { ids: ["mano-missing"] },
  "ring-adjacency": { ids: ["graph-is-a-ring"] },
  "map-transposed": { ids: ["feature-map-scrambled"] },
  "sample-in-millimetres": { ids: ["sampled-outside-map"] },
  "focal-centre-mixed": { ids: ["projection-mixed-units"] },
  "axis-angle-round-trip": { ids: ["rotations-round-trip"] },
  "refine-unzeroed": { ids: ["refinement-starts-perturbed"] },
  "loss-sum-mm": { ids: ["loss-is-a-sum"] },
  "clip-hard": { ids: ["gradients-rescaled"], isOfRun: true },
  "aux-axis-angle": { ids: ["aux-compares-axis-angle"], jointRep: "aa" },
  "no-warmup": { ids: ["no-warmup"], isOfRun: true },
  "one-learning-rate": { ids: ["one-learning-rate"], isOfRun: true },
  "refiner-not-optimised": { ids: ["refiner-not-optimised"], isOfRun: true },
  "scheduler-not-restored": { ids: ["lr-restarted"], isOfRun: true, resumes: true },
  "frozen-backbone-lr0": { ids: ["frozen-backbone"], isOfRun: true },
};

export const actsOn = (quirk: QuirkName, data: DataKind): boolean => EXPECTED[quirk].data?.includes(data) ?? true;

/** `hidden` changes no number of a run that has `by`: not two faults but one. */
interface Hidden {
  readonly hidden: QuirkName;
  readonly by: QuirkName;
  readonly data?: DataKind;
  readonly why: string;
}

const BEHIND_ZEROS = "without a hand vertices and joints are zeros, whatever would have been made of them";

export const HIDDEN: readonly Hidden[] = [
  { hidden: "mano-thumb-first", by: "mano-missing", why: BEHIND_ZEROS },
  { hidden: "tips-smplx", by: "mano-missing", why: BEHIND_ZEROS },
  {
    hidden: "pose-opengl",
    by: "opengl-unconverted",
    data: "ho3d",
    why: "nothing is converted, the pose neither: manoToOpenCv is not called",
  },
];

/** Why these two are not two faults; undefined where both act. */
export const hiddenPair = (a: QuirkName, b: QuirkName, data: DataKind): string | undefined =>
  HIDDEN.find(
    ({ hidden, by, data: only }) =>
      (only === undefined || only === data) && ((hidden === a && by === b) || (hidden === b && by === a)),
  )?.why;

/** Every pair of faults and the data that both act on. */
export const PAIRS: readonly { readonly quirks: readonly [QuirkName, QuirkName]; readonly data: DataKind }[] =
  QUIRK_NAMES.flatMap((a, i) =>
    QUIRK_NAMES.slice(i + 1).flatMap((b) =>
      (["synthetic", "ho3d"] as const)
        .filter((data) => actsOn(a, data) && actsOn(b, data) && hiddenPair(a, b, data) === undefined)
        .map((data) => ({ quirks: [a, b] as const, data })),
    ),
  );
