/** The ops, imported as `F`: free functions that record a forward and, beside it, its backward. */
export { add } from "./add";
export { dot } from "./dot";
export { layerNorm } from "./layer-norm";
export { weightedSum } from "./weighted-sum";
