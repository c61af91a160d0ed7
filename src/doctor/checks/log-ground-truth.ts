import type { Finding } from "../finding";
import { CENTRED_STD, found, LARGEST_CENTRED_MEAN, show, sinceOf } from "../log/hand";
import type { DebugBatchFields, LogRun } from "../log/types";
import type { LogCheck } from "./log-check";

/** Where a hand is seen from: 0.15 to 2 m, in mm. */
const NEAR = 150;
const FAR = 2000;

/**
 * The guide's step 1, cases A and B, decided by the root joint and by depth. "GT centered by root mean" near 0 is no test: the
 * other twenty joints lie tens of millimetres from the wrist, and only the root itself is at 0.
 */
export const groundTruth: LogCheck = (run) => {
  const batches = run.debugBatches.filter(({ gtRoot }) => gtRoot !== undefined);
  if (batches.length === 0) return centredOnly(run);
  const [first] = batches;
  const findings = [unitFinding(batches), frameFinding(batches), relativeFinding(batches)].filter(
    (each) => each !== undefined,
  );
  return findings.length > 0 ? findings : unsoundTest(first);
};

/** Without root joints the spread about the wrist tells the unit. */
function centredOnly(run: LogRun): Finding[] {
  const stds = [
    ...run.debugBatches.map(({ line, centredStd }) => ({ line, std: centredStd })),
    ...run.debugLosses.map(({ line, gtStdAfter }) => ({ line, std: gtStdAfter })),
  ];
  const first = stds.find(({ std }) => std !== undefined && Number.isFinite(std) && std > 0);
  if (!first || (first.std! <= 10 * CENTRED_STD[1] && first.std! >= 1)) return [];
  return [unit(first.line, first.std!, "spread of the wrist-relative ground truth", 62)];
}

const isSize = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

function unitFinding(batches: readonly DebugBatchFields[]): Finding | undefined {
  const far = batches.find(({ gtRoot }) => Math.abs(gtRoot![2]) > 10 * FAR);
  if (far) return unit(far.line, Math.abs(far.gtRoot![2]), "depth of the ground truth's wrist", 600);
  const metres = batches.find(({ gtRoot, centredStd }) => {
    const z = Math.abs(gtRoot![2]);
    return z > 0.1 && z < 3 && (!isSize(centredStd) || centredStd < 1);
  });
  if (metres) return unit(metres.line, Math.abs(metres.gtRoot![2]), "depth of the ground truth's wrist", 600);
  const wide = batches.find(({ centredStd }) => isSize(centredStd) && centredStd > 10 * CENTRED_STD[1]);
  return wide && unit(wide.line, wide.centredStd!, "spread of the wrist-relative ground truth", 62);
}

/** `value` is `typical` in a healthy log. */
function unit(line: number, value: number, what: string, typical: number): Finding {
  const isLarge = value > typical;
  return found({
    id: "labels-unit",
    severity: "fatal",
    certainty: "certain",
    title: isLarge ? "The ground truth is multiplied by 1000 twice" : "The ground truth is in metres",
    sentence: `The ${what} is ${show(value)} where millimetres give about ${typical}: a factor of ${show(isLarge ? value / typical : typical / value)} ${isLarge ? "too large" : "too small"}.`,
    evidence: [{ what, found: value, expected: `about ${typical}`, unit: "mm" }],
    causes: isLarge
      ? [
          "millimetres are multiplied by 1000 again (dataloader/ho3d_dataset.py:797)",
          "a data set whose files are in millimetres",
        ]
      : [
          "the multiplication by 1000 is missing (dataloader/ho3d_dataset.py:797) while the prediction is in millimetres",
        ],
    remedy:
      "Print one wrist before and after the conversion; HO-3D's files are in metres. Here everything is in metres; leave out the quirk double-millimetres.",
    change: { withoutQuirks: ["double-millimetres"] },
    explains: ["unit-doubled", "prediction-scale", "three-d-stuck", "loss-3d-impossible", "loss-is-a-sum"],
    since: `line ${line}`,
  });
}

function frameFinding(batches: readonly DebugBatchFields[]): Finding | undefined {
  const behind = batches.filter(({ gtRoot }) => gtRoot![2] < -NEAR / 1000);
  if (behind.length === 0) return undefined;
  const [first] = behind;
  return found({
    id: "frame-opengl",
    severity: "fatal",
    certainty: "certain",
    title: "The ground truth is behind the camera",
    sentence: `The wrist's depth is ${show(first.gtRoot![2])} mm in ${behind.length} of ${batches.length} debug batches; in a camera's frame z is above 0. HO-3D's files look along -z (OpenGL) and were not converted.`,
    evidence: [
      {
        what: "depth of the ground truth's wrist",
        found: first.gtRoot![2],
        expected: "150 to 2000",
        unit: "mm",
        n: behind.length,
      },
    ],
    causes: [
      "HO-3D's y and z are not negated on reading (dataloader/ho3d_dataset.py:234, 259, 294, 797): crops are empty, targets mirrored",
    ],
    remedy:
      "Multiply joints, root rotation and translation by diag(1, -1, -1) on reading. Here the import converts; leave out the quirk opengl-unconverted.",
    change: { withoutQuirks: ["opengl-unconverted", "pose-opengl"] },
    explains: ["image-blank", "three-d-stuck", "two-d-stuck", "nothing-learns", "mean-predictor"],
    since: `line ${first.line}`,
  });
}

function relativeFinding(batches: readonly DebugBatchFields[]): Finding | undefined {
  const atZero = batches.filter(({ gtRoot }) => Math.hypot(...gtRoot!) < 0.05);
  if (atZero.length === 0) return undefined;
  const [first] = atZero;
  return found({
    id: "labels-root-relative",
    severity: "serious",
    certainty: "certain",
    title: "The ground truth is wrist-relative already",
    sentence: `The wrist is at (${first.gtRoot!.map(show).join(", ")}) in ${atZero.length} of ${batches.length} debug batches; in the camera's frame its depth is 150 to 2000 mm. Centring again changes nothing; the depth that projection and crop need is lost.`,
    evidence: [
      {
        what: "distance of the ground truth's wrist from the camera",
        found: show(Math.hypot(...first.gtRoot!)),
        expected: "150 to 2000",
        unit: "mm",
      },
      ...(isSize(first.gtMean) && isSize(first.centredMean)
        ? [
            {
              what: "mean of the ground truth and of the centred one",
              found: `${show(first.gtMean)} and ${show(first.centredMean)}`,
              expected: "far apart",
              unit: "mm",
            },
          ]
        : []),
    ],
    causes: [
      "the data set subtracts the wrist before it returns joints_3d_gt (dataloader/ho3d_dataset.py __getitem__)",
      "the evaluation split, whose frames hold a root alone",
    ],
    remedy:
      "Return joints in the camera's frame. A high 3D loss has another cause: subtracting a wrist that is 0 is harmless. Here leave out the quirk gt-recentred.",
    change: { withoutQuirks: ["gt-recentred"] },
    since: `line ${first.line}`,
  });
}

/** The guide calls a healthy batch wrong: say so, once. */
function unsoundTest({ line, centredMean, gtRoot }: DebugBatchFields): Finding[] {
  if (!isSize(centredMean) || Math.abs(centredMean) < 0.01 || Math.abs(centredMean) > LARGEST_CENTRED_MEAN) return [];
  return [
    found({
      id: "centred-mean-is-no-test",
      severity: "note",
      certainty: "certain",
      title: "A centred mean that is not 0 is healthy",
      sentence: `"GT centered by root mean" is ${show(centredMean)} mm. The debugging guide wants 0 there, but only the wrist itself becomes 0: the other joints stay up to ${LARGEST_CENTRED_MEAN} mm off on average. The wrist, ${show(gtRoot![2])} mm deep, says that these are camera coordinates.`,
      evidence: [
        {
          what: "GT centered by root mean",
          found: centredMean,
          expected: `within ${LARGEST_CENTRED_MEAN}`,
          unit: "mm",
        },
      ],
      causes: ["the guide's case A rests on the mean of all joints instead of the root"],
      remedy: "Nothing: do not make the data relative, and do not drop the centring in Keypoint3DLoss.",
      since: sinceOf({ line }),
    }),
  ];
}
