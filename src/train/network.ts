import type { Config } from "../config";
import type { HandModel } from "../data/types";
import { PRETEND_FOCAL } from "../model/camera";
import type { MeanParameters, UTNetShape } from "../model/types";

/** Width of a crop in metres at the hand's depth, from which the camera starts: a hand of 16 cm in a box of 1.5 times. */
const START_CROP_METRES = 0.24;

/** The network's shape as the config gives it. */
export const networkShape = ({ model }: Config): UTNetShape => model;

/** Focal length over crop side that replaces the data set's, or undefined to use the data set's. */
export const fixedFocal = ({ model }: Config): number | undefined =>
  model.camera === "pretend" ? PRETEND_FOCAL : undefined;

/**
 * Where predictions start: the hand's mean pose, its root turned by 180 degrees about x (fingers up in a camera whose y
 * points down, as HaMeR and WiLoR start), nearly the mean shape, and a camera that sees a crop of 0.24 m.
 */
export function meanParameters(hand: HandModel): MeanParameters {
  const scale = 2 / START_CROP_METRES;
  return {
    pose: [Math.PI, 0, 0, ...hand.handsMean],
    // Not zero: shape_emb's weight would never get a gradient. A tenth of a standard deviation is a fraction of a millimetre.
    shape: new Float64Array(10).fill(0.1),
    camera: [Math.log(Math.expm1(scale)), 0, 0],
  };
}
