/**
 * What each data set's files say, in one table: the reader of a data set converts from its row to the one convention of
 * `types.ts`, and a test holds each reader to its row (MANO of the annotated parameters gives the annotated joints).
 */
import { MANO_TIPS } from "./mano-file";
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
  /** The same of left hands where they differ: manopth takes vertex 445 for a left middle finger, 444 for a right one. */
  readonly leftTips?: HandModel["tips"];
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

/** manopth/manolayer.py of hassony2/manopth: the tips of a left hand. */
const MANOPTH_LEFT_TIPS: HandModel["tips"] = [745, 317, 445, 556, 673];

/** The JSON files copy the joints of the data set, so the tips are the data set's and not those of HandOccNet's own regressor. */
const JSON_FILE = {
  frame: "opencv",
  jointOrder: "openpose",
  metresPerUnit: 1,
  flatHandMean: false,
  fingers: "axis-angle",
  hasTranslation: false,
} as const;

const DEXYCB_HANDS = { tips: "manopth", leftTips: MANOPTH_LEFT_TIPS, sides: ["right", "left"] } as const;

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
    ...JSON_FILE,
    title: "HO-3D as HandOccNet's JSON",
    tips: "ho3d",
    sides: ["right"],
    source: "namepllet/HandOccNet: data/HO3D/HO3D.py, issue 18 (order and frame changed by its author)",
  },
  "ho3d-json-keypointfusion": {
    ...JSON_FILE,
    title: "HO-3D as KeypointFusion's JSON",
    jointOrder: "ho3d",
    tips: "ho3d",
    sides: ["right"],
    source:
      "ru1ven/KeypointFusion: dataloader/loader.py, HO3D2MANO takes HO-3D's order; metres, as it multiplies by 1000",
  },
  "dexycb-json": {
    ...JSON_FILE,
    ...DEXYCB_HANDS,
    title: "DexYCB as HandOccNet's JSON",
    source: "namepllet/HandOccNet: data/DEX_YCB/DEX_YCB.py, issue 10",
  },
  "dexycb-json-keypointfusion": {
    ...JSON_FILE,
    ...DEXYCB_HANDS,
    title: "DexYCB as KeypointFusion's JSON",
    metresPerUnit: 0.001,
    source:
      "ru1ven/KeypointFusion: dataloader/loader.py divides its joints by 1000; DexYCB2MANO takes OpenPose's order",
  },
  dexycb: {
    ...DEXYCB_HANDS,
    title: "DexYCB",
    frame: "opencv",
    jointOrder: "openpose",
    metresPerUnit: 1,
    flatHandMean: false,
    fingers: "pca",
    hasTranslation: true,
    source:
      "NVlabs/dex-ycb-toolkit: dex_ycb_toolkit/layers/mano_layer.py (manopth, 45 components, flat_hand_mean false)",
  },
} as const satisfies Record<string, Adapter>;

/** Name of a row of `ADAPTERS`. */
export type AdapterName = keyof typeof ADAPTERS;

/** The row of this name; undefined where there is none. */
export function adapterNamed(name: string | undefined): AdapterName | undefined {
  return (Object.keys(ADAPTERS) as AdapterName[]).find((each) => each === name);
}

/** Whether a hand has MANO's mesh, on which the labels of real data sets are made; OpenHand has another. */
export function isMano(hand: HandModel): boolean {
  return Object.values(MANO_TIPS).some((tips) => tips.join() === hand.tips.join());
}

/**
 * The hand whose joints a data set's labels hold: a MANO file's tips become the data set's. A hand of another make, OpenHand,
 * keeps its own: the numbers name vertices of MANO's mesh.
 */
export function handFor(hand: HandModel, name: AdapterName): HandModel {
  return isMano(hand) ? { ...hand, tips: MANO_TIPS[ADAPTERS[name].tips] } : hand;
}

/** A data set that may say whose conventions its labels had; rendered frames do not, their tips are the hand's own. */
export interface Adapted {
  readonly adapter?: AdapterName;
}

/** The hand to train on a data set with: its tips are where the data set has them. */
export function handOf(frames: Adapted, hand: HandModel): HandModel {
  return frames.adapter === undefined ? hand : handFor(hand, frames.adapter);
}

/** Vertices of a left hand's tips, on the mirrored hand, as `handFor` gives the right hand's. */
export function leftTipsFor(hand: HandModel, name: AdapterName): HandModel["tips"] {
  const { leftTips }: Adapter = ADAPTERS[name];
  return leftTips !== undefined && isMano(hand) ? leftTips : handFor(hand, name).tips;
}
