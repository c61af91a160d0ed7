import type { VerifyCase } from "../types";
import { elementwiseCases } from "./elementwise";
import { handCases } from "./hand";
import { layerCases } from "./layers";
import { optimiserCases } from "./optimiser";

/** Every case, in the order in which people read them: layers, the hand, small ops, the optimiser. */
export const allCases = (): readonly VerifyCase[] => [
  ...layerCases,
  ...handCases,
  ...elementwiseCases,
  ...optimiserCases(),
];
