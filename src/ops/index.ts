/** The ops, imported as `F`: free functions that record a forward and, beside it, its backward. */
export { add } from "./add";
export { axisAngleToMatrix } from "./axis-angle-to-matrix";
export { batchMean } from "./batch-mean";
export { addBucket, packBucket, unpackBucket } from "./bucket";
export { composeRotations } from "./compose-rotations";
export { dot } from "./dot";
export { type L1Options, l1PerSample } from "./l1-per-sample";
export { layerNorm } from "./layer-norm";
export { lossyMatrixToAxisAngle } from "./lossy-matrix-to-axis-angle";
export { rot6dToMatrix } from "./rot6d-to-matrix";
export { squaredErrorPerSample } from "./squared-error-per-sample";
export { weightedSum } from "./weighted-sum";
