/** Ends of scales. Pure. */
import { niceCeiling } from "../viewer/palette";
import { quantile } from "./colours";

/** Largest error of heat maps in mm: the 98th percentile, up to a round number; a few vertices far out would leave the rest in one colour. */
export const errorLimitOf = (errors: ArrayLike<number>): number => niceCeiling(quantile(errors, 0.98));
