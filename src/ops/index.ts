/** The ops, imported as `F`: free functions that record a forward and, beside it, its backward. */
export { add } from "./add";
export { batchMean } from "./batch-mean";
export { dot } from "./dot";
export { type L1Options, l1PerSample } from "./l1-per-sample";
export { layerNorm } from "./layer-norm";
export { squaredErrorPerSample } from "./squared-error-per-sample";
export { weightedSum } from "./weighted-sum";
