/** Checks of the evidence that probes of the network give, one line each. */
import { auxComparesAxisAngle } from "./aux-compares-axis-angle";
import { batchChangesSample } from "./batch-changes-sample";
import { deadGradient } from "./dead-gradient";
import { doubleCentring } from "./double-centring";
import { featureMapScrambled } from "./feature-map-scrambled";
import { gradientWrong } from "./gradient-wrong";
import { graphIsARing } from "./graph-is-a-ring";
import { jointOrder } from "./joint-order";
import { lossIsASum } from "./loss-is-a-sum";
import { lossShares } from "./loss-shares";
import { lossUnexplained } from "./loss-unexplained";
import { manoMissing } from "./mano-missing";
import type { ModelCheck } from "./model-check";
import { predictionNotFinite } from "./prediction-not-finite";
import { projectionMixedUnits } from "./projection-mixed-units";
import { refinementStartsPerturbed } from "./refinement-starts-perturbed";
import { rotationsRoundTrip } from "./rotations-round-trip";
import { sampledOutsideMap } from "./sampled-outside-map";
import { tipsOfAnotherModel } from "./tips-of-another-model";
import { unitDoubled } from "./unit-doubled";

export const MODEL_CHECKS: readonly ModelCheck[] = [
  auxComparesAxisAngle,
  batchChangesSample,
  deadGradient,
  doubleCentring,
  featureMapScrambled,
  gradientWrong,
  graphIsARing,
  jointOrder,
  lossIsASum,
  lossShares,
  lossUnexplained,
  manoMissing,
  predictionNotFinite,
  projectionMixedUnits,
  refinementStartsPerturbed,
  rotationsRoundTrip,
  sampledOutsideMap,
  tipsOfAnotherModel,
  unitDoubled,
];
