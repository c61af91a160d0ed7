/**
 * What each data set's files say, in one table: the reader of a data set converts from its row to the one convention of
 * `types.ts`, and a test holds each reader to its row (MANO of the annotated parameters gives the annotated joints).
 */
import { MANO_TIPS } from "./mano-file";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import type { HandModel } from "./types";

/** The conventions of the labels of one data set, as its files hold them. */
export interface Adapter {
  /** What a person calls the data set. */
  readonly title: string;
  /** Camera axes. opengl: x right, y up, looking down -z. opencv: x right, y down, z forward. */
  readonly frame: "opencv" | "opengl";
  /** ho3d: MANO's 16 joints, then the tips thumb first. openpose: wrist, then thumb to pinky, each from base to tip. */
  readonly jointOrder: "ho3d" | "openpose";
  /** Whose finger-tip vertices (thumb, index, middle, ring, pinky) the annotated joints hold. */
  readonly tips: keyof typeof MANO_TIPS;
  /** Of the joints in the files, to metres. */
  readonly metresPerUnit: number;
  /** True: the pose is absolute. False: MANO's hands_mean has to be added to its 45 finger numbers. */
  readonly flatHandMean: boolean;
  /** How the 45 finger numbers are written: axis-angle, or coefficients of MANO's principal components. */
  readonly fingers: "axis-angle" | "pca";
  /** Whether the files hold MANO's translation. Without it, it follows from the annotated wrist: trans = wrist - J0(shape). */
  readonly hasTranslation: boolean;
  /** Left hands are mirrored on import (`mirror.ts`). */
  readonly sides: readonly ("right" | "left")[];
  /** Why the row is as it is: the code or the author that says so. */
  readonly source: string;
}

/** HandOccNet's JSON files copy the joints of the data set, so the tips are the data set's and not those of its own regressor. */
const HANDOCCNET = {
  frame: "opencv",
  jointOrder: "openpose",
  metresPerUnit: 1,
  flatHandMean: false,
  fingers: "axis-angle",
  hasTranslation: false,
} as const;

/** One row for each kind of file that can be opened. */
export const ADAPTERS = {
  ho3d: {
    title: "HO-3D",
    frame: "opengl",
    jointOrder: "ho3d",
    tips: "ho3d",
    metresPerUnit: 1,
    flatHandMean: true,
    fingers: "axis-angle",
    hasTranslation: true,
    sides: ["right"],
    source: "shreyashampali/ho3d: README, utils/vis_utils.py, setup_mano.py",
  },
  "ho3d-json": {
    ...HANDOCCNET,
    title: "HO-3D as HandOccNet's JSON",
    tips: "ho3d",
    sides: ["right"],
    source: "namepllet/HandOccNet: data/HO3D/HO3D.py, issue 18",
  },
  "dexycb-json": {
    ...HANDOCCNET,
    title: "DexYCB as HandOccNet's JSON",
    tips: "manopth",
    sides: ["right", "left"],
    source: "namepllet/HandOccNet: data/DEX_YCB/DEX_YCB.py, issue 10",
  },
  "dexycb-json-mm": {
    ...HANDOCCNET,
    title: "DexYCB as KeypointFusion's JSON",
    tips: "manopth",
    metresPerUnit: 0.001,
    sides: ["right", "left"],
    source: "ru1ven/KeypointFusion: dataloader/loader.py divides its joints by 1000",
  },
  dexycb: {
    title: "DexYCB",
    frame: "opencv",
    jointOrder: "openpose",
    tips: "manopth",
    metresPerUnit: 1,
    flatHandMean: false,
    fingers: "pca",
    hasTranslation: true,
    sides: ["right", "left"],
    source:
      "NVlabs/dex-ycb-toolkit: dex_ycb_toolkit/layers/mano_layer.py (manopth, 45 components, flat_hand_mean false)",
  },
} as const satisfies Record<string, Adapter>;

/** Name of a row of `ADAPTERS`. */
export type AdapterName = keyof typeof ADAPTERS;

/** The tip vertices that belong to a data set's labels. Quirk `tips-smplx` takes smplx's for all. */
export function adapterTips(name: AdapterName, quirks: DataQuirks = NO_QUIRKS): HandModel["tips"] {
  return quirks.has("tips-smplx") ? MANO_TIPS.smplx : MANO_TIPS[ADAPTERS[name].tips];
}
