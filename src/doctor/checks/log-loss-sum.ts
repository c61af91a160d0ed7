import type { Finding } from "../finding";
import { breakdownsOf, found, show, sinceOf } from "../log/hand";
import type { Breakdown, LogRun } from "../log/types";
import type { LogCheck } from "./log-check";

/** float32 sums of a few terms, printed with four decimals. */
const RELATIVE = 5e-5;
const ABSOLUTE = 1.5e-3;
/** Weights of the original's published config. */
const ORIGINAL = { w_2d: 0.01, w_3d_joint: 0.05, w_prior: 0.001 } as const;
/** HaMeR's and WiLoR's. */
const HAMER = {
  ...ORIGINAL,
  w_global_orient: 0.001,
  w_hand_pose: 0.001,
  w_betas: 0.0005,
} as const;

/** Loss terms that do not add up to the total with the weights of the log or of the published config. */
export const lossSum: LogCheck = (run) => {
  const printed = weightsOf(run);
  if (!printed) return [];
  // The original prints its auxiliary loss with its weight in it, others without; the reading that fits more lines is meant.
  const { w_aux: aux } = run.facts;
  const readings = [printed, ...(aux === undefined ? [] : [{ ...printed, of: { ...printed.of, loss_aux: aux } }])];
  const [{ weights, checked, off }] = readings
    .map((each) => added(run, each))
    .sort((a, b) => a.off.length - b.off.length);
  if (off.length === 0) return [];
  const other = impliedWeight(
    checked.map(({ each, sum }) => [each, sum]),
    weights.of.loss_3d_joint,
  );
  return [
    other === undefined
      ? impossible(off[0], off.length, checked.length, weights)
      : otherWeight(off[0].each, other, weights),
  ];
};

/** Every printed total beside the weighted sum of its terms, and those where the two differ. */
function added(run: LogRun, weights: Weights) {
  const checked = breakdownsOf(run).flatMap((each) => {
    const sum = weightedSum(each, weights.of);
    return sum === undefined || !Number.isFinite(sum) || !Number.isFinite(each.total) ? [] : [{ each, sum }];
  });
  return { weights, checked, off: checked.filter(({ each, sum }) => !isSame(sum, each.total)) };
}

interface Weights {
  readonly of: Readonly<Record<string, number>>;
  readonly source: string;
  readonly isPrinted: boolean;
}

function weightsOf(run: LogRun): Weights | undefined {
  const { facts } = run;
  const isPrinted = facts.w_3d_joint !== undefined;
  if (run.kind === "handloom") {
    const names = ["w_2d", "w_3d_joint", "w_3d_vert", "w_prior", "w_aux"] as const;
    if (names.some((name) => facts[name] === undefined)) return undefined;
    const [loss_2d, loss_3d_joint, loss_3d_vert, shape_prior, loss_aux] = names.map((name) => facts[name]);
    return { of: { loss_2d, loss_3d_joint, loss_3d_vert, shape_prior, loss_aux }, source: "config.yaml", isPrinted };
  }
  const isHamer = run.series.some(({ name }) => name === "loss_hand_pose");
  const base = { ...(isHamer ? HAMER : ORIGINAL), ...facts } as Record<string, number>;
  const of: Record<string, number> = {
    loss_2d: base.w_2d,
    loss_3d_joint: base.w_3d_joint,
    ...(facts.w_3d_vert === undefined ? {} : { loss_3d_vert: facts.w_3d_vert }),
    ...(isHamer
      ? { loss_global_orient: base.w_global_orient, loss_hand_pose: base.w_hand_pose, loss_betas: base.w_betas }
      : { shape_prior: base.w_prior, pose_prior: base.w_prior, loss_aux: 1 }),
  };
  return { of, source: isPrinted ? "the log" : isHamer ? "HaMeR's config" : "the published config", isPrinted };
}

/** undefined when a term has no weight, or one of those that are always printed is not there. */
function weightedSum({ terms }: Breakdown, of: Weights["of"]): number | undefined {
  const needed = [
    "loss_2d",
    "loss_3d_joint",
    ...Object.keys(of).filter((name) => name !== "pose_prior" && name !== "loss_3d_vert" && name !== "loss_aux"),
  ];
  if (needed.some((name) => terms[name] === undefined)) return undefined;
  let sum = 0;
  for (const [name, value] of Object.entries(terms)) {
    // HaMeR logs its adversary's losses beside the total that does not hold them.
    if (name === "loss_gen" || name === "loss_disc") continue;
    if (of[name] === undefined) return undefined;
    sum += of[name] * value;
  }
  return sum;
}

const isSame = (sum: number, total: number): boolean => Math.abs(sum - total) <= ABSOLUTE + RELATIVE * Math.abs(total);

/** Another 3D weight of at most two digits that makes every line add up. */
function impliedWeight(lines: readonly (readonly [Breakdown, number])[], weight: number): number | undefined {
  const [first] = lines;
  const joint = first[0].terms.loss_3d_joint;
  if (!(joint > 0)) return undefined;
  const implied = Number((weight + (first[0].total - first[1]) / joint).toPrecision(2));
  if (!(implied > 0) || implied === weight) return undefined;
  const fits = lines.every(([each, sum]) => isSame(sum + (implied - weight) * each.terms.loss_3d_joint, each.total));
  return fits ? implied : undefined;
}

function impossible(
  { each, sum }: { readonly each: Breakdown; readonly sum: number },
  off: number,
  checked: number,
  { of, source }: Weights,
): Finding {
  const parts = Object.entries(each.terms)
    .filter(([name, value]) => of[name] !== undefined && value !== 0)
    .map(([name, value]) => `${of[name]} x ${value}`);
  return found({
    id: "loss-does-not-add-up",
    severity: "serious",
    certainty: "certain",
    title: "The loss terms do not add up to the total",
    sentence: `${parts.join(" + ")} = ${sum.toFixed(2)}, but line ${each.line} gives a total of ${each.total}; ${off} of ${checked} lines do not add up with the weights of ${source}.`,
    evidence: [
      { what: "weighted sum of the terms", found: Number(sum.toFixed(4)), expected: `${each.total}`, n: checked },
      {
        what: "difference",
        found: show(sum - each.total),
        expected: `below ${show(ABSOLUTE + RELATIVE * Math.abs(each.total))}`,
      },
    ],
    causes: [
      "the total holds a term that is not printed, or the weights are not those of the config",
      "terms and total are of different steps or ranks: the printed total is a mean",
      "the numbers were written by hand",
    ],
    remedy:
      "Print the weighted terms from the same dictionary that the total is made of (src/losses/loss.py UTNetLoss.forward). Here metrics.jsonl holds all terms and the total of one step, and loss.* their weights.",
    since: sinceOf(each),
  });
}

function otherWeight(each: Breakdown, weight: number, { of, source, isPrinted }: Weights): Finding {
  return found({
    id: "loss-weights-differ",
    severity: isPrinted ? "warning" : "note",
    certainty: "likely",
    title: "The 3D weight is another one",
    sentence: `Every total adds up with w_3d_joint = ${weight}, none with the ${of.loss_3d_joint} of ${source}.`,
    evidence: [{ what: "w_3d_joint", found: weight, expected: `${of.loss_3d_joint}` }],
    causes: ["another config file than the one that is printed or published"],
    remedy: "Compare the --config of the command with the file; here loss.w3dJoint.",
    since: sinceOf(each),
  });
}
