/** Every check by what it looks at, one line each. Order is of no importance: `diagnose` ranks what they find. */
import { boxesFromTruth } from "./boxes-from-truth";
import { channelOrder } from "./channel-order";
import { countsCheck } from "./counts";
import { cropEmpty } from "./crop-empty";
import { cropMovedTwice } from "./crop-moved-twice";
import type { DataCheck } from "./data-check";
import { depthBytes } from "./depth-bytes";
import { depthDisagrees } from "./depth-disagrees";
import { depthMissingAsFar } from "./depth-missing-as-far";
import { frameOpenGl } from "./frame-opengl";
import { handPoseDiffers } from "./hand-pose-differs";
import { handPoseFrame } from "./hand-pose-frame";
import { handPoseMean } from "./hand-pose-mean";
import { handPoseNotRotated } from "./hand-pose-not-rotated";
import { imageBlank } from "./image-blank";
import { joints2d3dDisagree } from "./joints-2d-3d-disagree";
import { jointsOutsideInput } from "./joints-outside-input";
import { labelsNotRotated } from "./labels-not-rotated";
import { labelsRootRelative } from "./labels-root-relative";
import { labelsUnit } from "./labels-unit";
import { leftHandParameters } from "./left-hand-parameters";
import { samplesDoubled } from "./samples-doubled";
import { splitLeak } from "./split-leak";
import { xNormalisedByWidth } from "./x-normalised-by-width";

/** Over `DataEvidence`, before the first step. */
export const DATA_CHECKS: readonly DataCheck[] = [
  boxesFromTruth,
  channelOrder,
  countsCheck,
  cropEmpty,
  cropMovedTwice,
  depthBytes,
  depthDisagrees,
  depthMissingAsFar,
  frameOpenGl,
  handPoseDiffers,
  handPoseFrame,
  handPoseMean,
  handPoseNotRotated,
  imageBlank,
  joints2d3dDisagree,
  jointsOutsideInput,
  labelsNotRotated,
  labelsRootRelative,
  labelsUnit,
  leftHandParameters,
  samplesDoubled,
  splitLeak,
  xNormalisedByWidth,
];
