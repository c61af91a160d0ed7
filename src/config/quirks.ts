import { DATA_QUIRKS } from "../data/quirks";
import { nearest } from "./nearest";

/** Every quirk and what it does wrong. */
export const QUIRKS = {
  ...DATA_QUIRKS,
  "mano-thumb-first": "MANO's joints are taken as thumb first, so that fingers change places",
  "double-millimetres": "3D joint errors are multiplied by 1000 once more",
  "double-centring": "the ground truth's wrist is subtracted twice in the 3D joint loss",
  "val-rank0-only": "only the first rank's share of the validation samples is evaluated",
  "val-padded": "validation repeats samples until every rank has the same number, and counts them twice",
  "nan-as-zero": "non-finite predictions are scored as zeros",
  "mano-missing": "vertices and joints are zeros that need no gradient, as without a hand model",
  "ring-adjacency": "the mesh's graph is a ring of vertex numbers",
  "map-transposed": "image tokens are laid out with rows and columns exchanged",
  "sample-in-millimetres": "features are sampled at millimetres taken as pixels, almost all outside the map",
  "focal-centre-mixed": "the 2D projection mixes a normalised focal length with a centre in pixels",
  "axis-angle-round-trip": "rotations pass through axis-angle, without gradient near 0 and wrong near 180 degrees",
  "refine-unzeroed": "the refinement's last layers start at random instead of zero",
  "loss-sum-mm": "losses are sums over batch and elements, 3D in millimetres",
  "clip-hard": "every gradient is scaled to norm 1",
  "aux-axis-angle": "the auxiliary loss compares axis-angle vectors (only with jointRep aa)",
  "no-warmup": "the learning rate starts at its peak",
  "one-learning-rate": "freshly made layers learn at the pretrained backbone's rate",
  "refiner-not-optimised": "the optimiser never sees the refinement's parameters",
  "scheduler-not-restored": "a resumed run starts its learning-rate schedule again",
  "frozen-backbone-lr0": "the backbone's learning rate is 0",
} as const;

export type QuirkName = keyof typeof QUIRKS;

export const QUIRK_NAMES = Object.keys(QUIRKS) as readonly QuirkName[];

/** What the published code does on HO-3D; the others are states of earlier code, of its surroundings or of its kin. */
export const ORIGINAL_QUIRKS: readonly QuirkName[] = [
  ...(["opengl-unconverted", "com-shift-twice", "labels-not-augmented", "pose-not-augmented", "pose-opengl"] as const),
  ...(["mano-thumb-first", "tips-smplx", "bgr", "width-normalised", "random-frame-split", "val-padded"] as const),
  ...([
    "nan-as-zero",
    "map-transposed",
    "sample-in-millimetres",
    "focal-centre-mixed",
    "axis-angle-round-trip",
  ] as const),
  ...(["refine-unzeroed", "loss-sum-mm", "clip-hard", "aux-axis-angle", "no-warmup", "one-learning-rate"] as const),
  "scheduler-not-restored",
];

/**
 * Names to quirks, "original" to its set; in order of the catalogue, each once. `problems` holds a sentence for each unknown
 * name, `notes` one when a quirk of the original's set cannot be had.
 */
export function expandQuirks(
  names: readonly string[],
  jointRep: "6d" | "aa",
): { readonly quirks: readonly QuirkName[]; readonly problems: readonly string[]; readonly notes: readonly string[] } {
  const wanted = new Set<string>();
  const problems: string[] = [];
  const notes: string[] = [];
  for (const name of names) {
    if (name === "original") {
      for (const quirk of ORIGINAL_QUIRKS) wanted.add(quirk);
      if (jointRep === "6d" && !names.includes("aux-axis-angle")) {
        wanted.delete("aux-axis-angle");
        notes.push("quirks: original leaves out aux-axis-angle, which needs model.jointRep aa");
      }
    } else if (Object.hasOwn(QUIRKS, name)) wanted.add(name);
    else
      problems.push(`quirks: "${name}" is not known; did you mean "${nearest(name, [...QUIRK_NAMES, "original"])}"?`);
  }
  return { quirks: QUIRK_NAMES.filter((name) => wanted.has(name)), problems, notes };
}
