import type { Finding } from "../finding";
import { decompose, finite, found, lossTrend, median, percent, show, sinceOf, type Trend } from "../log/hand";
import { type LogRun, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";
import { shareOf3d } from "./log-loss-3d";

const FALLS = 0.2;
const STUCK = 0.05;
/** Readings below this many are the start of a run. */
const ENOUGH = 6;
/** A 3D term beyond this share of the total leaves the 2D term no say. */
const ALL_3D = 0.95;
/** Mean |2D target| in crop sides of a hand that fills its crop: what a prediction at the centre scores. */
const CENTRE_2D = 0.15;

/** The guide's problem 3, its opposite, and a run in which nothing falls. */
export const stuck: LogCheck = (run) => {
  const two = lossTrend(run, "loss_2d");
  const three = lossTrend(run, "loss_3d_joint");
  if (!two || !three || Math.min(two.n, three.n) < ENOUGH) return [];
  const since = sinceOf(seriesOf(run, "loss_3d_joint")!.first);
  // What is small already has little to fall.
  const isLow = decompose(run, three.start).element < 15;
  if (two.fall >= FALLS && three.fall < STUCK && !isLow) return [threeStuck(run, two, three, since)];
  if (three.fall >= FALLS && two.fall < STUCK && elementOf2d(run, two, three) > CENTRE_2D / 2)
    return [twoStuck(run, two, three, since)];
  if (two.fall < STUCK / 2 && three.fall < STUCK / 2 && !isLow) return [nothing(run, two, three, since)];
  return [];
};

/** Mean error of a 2D coordinate at the end, crop sides. A camera that is found in the first steps has nothing to fall later. */
const elementOf2d = (run: LogRun, two: Trend, three: Trend): number =>
  two.end > 1 ? two.end / (42 * decompose(run, three.start).batch) : two.end;

const both = (two: Trend, three: Trend) => [
  {
    what: "2D loss, first and last fifth",
    found: `${show(two.start)} to ${show(two.end)}`,
    expected: "falls",
    n: two.n,
  },
  {
    what: "3D joint loss, first and last fifth",
    found: `${show(three.start)} to ${show(three.end)}`,
    expected: "falls",
    n: three.n,
  },
];

function threeStuck(run: LogRun, two: Trend, three: Trend, since: string): Finding {
  const { element } = decompose(run, three.end);
  const rates = finite(seriesOf(run, "lr"));
  return found({
    id: "three-d-stuck",
    severity: "fatal",
    certainty: "likely",
    title: "The 2D loss falls, the 3D loss does not",
    sentence: `The 2D loss falls by ${percent(two.fall)}, the 3D loss changes by ${percent(Math.abs(three.fall))} and stays at ${show(element)} mm per coordinate.`,
    evidence: both(two, three),
    causes: [
      "the labels of the two contradict each other: images and 2D joints are turned by the augmentation, 3D joints are not (dataloader/ho3d_dataset.py:920), or the joints' order differs between prediction and ground truth (src/utils/mano_utils.py:287-351)",
      "no gradient reaches the 3D prediction: zeros for the hand model, a detached branch",
      `the refinement learns too slowly: one rate${rates.length > 0 ? ` of ${show(Math.max(...rates))}` : ""} for a pretrained backbone and for new heads (train.py:289-308)`,
      "clipping at 1.0 (train.py:407) scales a summed gradient of thousands to a unit vector",
    ],
    remedy:
      "Fit eight samples without augmentation: if the 3D error does not go below 2 mm, the labels or the branch are at fault and no weight helps; then compare prediction and ground truth joint by joint. Here: data.overfit, the check of the joints' order, optim.lr against optim.lrBackbone; quirks labels-not-augmented, mano-thumb-first.",
    change: { withoutQuirks: ["labels-not-augmented", "mano-thumb-first", "one-learning-rate", "clip-hard"] },
    since,
  });
}

function twoStuck(run: LogRun, two: Trend, three: Trend, since: string): Finding {
  const element = elementOf2d(run, two, three);
  const share = shareOf3d(run);
  const isOutweighed = share !== undefined && share > ALL_3D;
  return found({
    id: "two-d-stuck",
    severity: "serious",
    certainty: "likely",
    title: "The 3D loss falls, the 2D loss does not",
    sentence: `The 3D loss falls by ${percent(three.fall)}, the 2D loss changes by ${percent(Math.abs(two.fall))} and stays at ${show(element)} crop sides per coordinate; a prediction at the crop's centre scores about ${CENTRE_2D}.`,
    evidence: both(two, three),
    causes: [
      ...(isOutweighed
        ? [
            `the 3D term is ${percent(share)} of the total, so the 2D term steers nothing: sums in millimetres with weights that are meant for metres (src/losses/loss.py:42, 106)`,
          ]
        : []),
      "the projection cannot reach the targets: a normalised focal length with a centre in pixels (src/models/utnet.py:388-413)",
      "the camera's scale passed 0, where its gradient vanishes (src/models/utnet.py:388)",
      "2D targets of a crop that the model does not see (width 192 against 256, dataloader/ho3d_dataset.py:895)",
    ],
    remedy: `${isOutweighed ? "Make both terms means in metres and crop sides, and look again. Then project" : "Project"} the true joints with a fitted camera: it must reach the 2D targets. Here leave out the quirks ${isOutweighed ? "loss-sum-mm, " : ""}focal-centre-mixed and width-normalised.`,
    change: { withoutQuirks: [...(isOutweighed ? ["loss-sum-mm"] : []), "focal-centre-mixed", "width-normalised"] },
    since,
  });
}

function nothing(run: LogRun, two: Trend, three: Trend, since: string): Finding {
  const rates = finite(seriesOf(run, "lr"));
  return found({
    id: "nothing-learns",
    severity: "fatal",
    certainty: "likely",
    title: "No loss falls",
    sentence: `Over ${three.n} readings the 2D loss changes by ${percent(Math.abs(two.fall))} and the 3D loss by ${percent(Math.abs(three.fall))}${rates.length > 0 ? ` at a learning rate of ${show(median(rates))}` : ""}.`,
    evidence: both(two, three),
    causes: [
      "the weights do not change: the optimiser holds other parameters, or the rate is far too small for layers that start at random (1e-5, train.py:289-308)",
      "the prediction does not depend on the weights: no hand model",
      "the images hold nothing: blank crops (dataloader/ho3d_dataset.py:503-517)",
    ],
    remedy:
      "Compare weights before and after a step, look at a batch of crops, fit eight samples. Here: optim.lr for new layers, `handloom check`.",
    explains: ["loss-is-a-sum"],
    since,
  });
}
