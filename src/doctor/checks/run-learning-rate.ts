import { learningRates, type Schedule } from "../../optim/schedule";
import type { ConfigChange, Finding } from "../finding";
import type { RunHistory, StepRates } from "../run/history";
import { found, measure, type RunCheck, show } from "../run/run-check";

/** Rates are computed in float64 and logged as they are; JSON keeps them. */
const SAME = 1e-6;

/** A way in which a schedule goes wrong; several at once make a reading of the rates. */
type Fault = "frozen-backbone" | "one-learning-rate" | "no-warmup" | "lr-restarted";

const FAULTS: readonly Fault[] = ["frozen-backbone", "one-learning-rate", "no-warmup", "lr-restarted"];

/**
 * The rates of the steps beside those of the configured schedule (linear warm-up, cosine; SGDR eq. 5). Where they differ the
 * fewest faults that give all of them to the last digit are named: that reading is certain when it is the only one of its size.
 */
export const runLearningRate: RunCheck = (run) => {
  const { config, info, rates } = run;
  if (!config || !info || rates.length === 0) return [];
  const { lr, lrBackbone, minLr, warmupSteps } = config.optim;
  const schedule: Schedule = { lrHead: lr, lrBackbone, minLr, warmupSteps, totalSteps: info.totalSteps };
  const off = rates.find((each) => !isSame(each, expected(schedule, each.step, [], rates[0].step)));
  if (!off) return equalRates(run, schedule);
  const readings = subsets(FAULTS)
    .filter((faults) => !faults.includes("lr-restarted") || rates[0].step > 1)
    .filter((faults) => rates.every((each) => isSame(each, expected(schedule, each.step, faults, rates[0].step))));
  const least = Math.min(...readings.map((faults) => faults.length));
  const best = readings.filter((faults) => faults.length === least);
  if (best.length === 0) return [differs(off, expected(schedule, off.step, [], rates[0].step))];
  const certainty = best.length === 1 ? "certain" : "likely";
  return best[0].map((fault) => ({ ...describe(fault, off, schedule, rates), certainty }));
};

function expected(schedule: Schedule, step: number, faults: readonly Fault[], firstStep: number): StepRates {
  const has = (fault: Fault): boolean => faults.includes(fault);
  const lrBackbone = has("frozen-backbone") ? 0 : schedule.lrBackbone;
  const { backbone, head } = learningRates(
    {
      ...schedule,
      lrBackbone,
      lrHead: has("one-learning-rate") ? schedule.lrBackbone : schedule.lrHead,
      warmupSteps: has("no-warmup") ? 0 : schedule.warmupSteps,
    },
    has("lr-restarted") ? step - firstStep : step - 1,
  );
  return { step, backbone, head };
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b));
const isSame = (a: StepRates, b: StepRates): boolean => close(a.head, b.head) && close(a.backbone, b.backbone);

/** All choices of some of them. */
const subsets = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_, i) => (bits >> i) % 2 === 1));

function describe(
  fault: Fault,
  at: StepRates,
  schedule: Schedule,
  rates: readonly StepRates[],
): Omit<Finding, "certainty"> {
  const right = expected(schedule, at.step, [], rates[0].step);
  const evidence = [
    measure(`learning rate of the heads at step ${at.step}`, show(at.head), show(right.head)),
    measure(`learning rate of the backbone at step ${at.step}`, show(at.backbone), show(right.backbone)),
  ];
  return { ...TEXTS[fault](at, right, schedule), id: fault, evidence, samples: [] };
}

type Text = Pick<Finding, "severity" | "title" | "sentence" | "causes" | "remedy"> & {
  readonly change?: ConfigChange;
  readonly explains?: readonly string[];
};

const TEXTS: Readonly<Record<Fault, (at: StepRates, right: StepRates, schedule: Schedule) => Text>> = {
  "frozen-backbone": (_, right) => ({
    severity: "serious",
    title: "The backbone does not learn",
    sentence: `The backbone's learning rate is 0, where the config asks for ${show(right.backbone)}: its weights stay as they are.`,
    causes: ["a learning-rate group of 0", "a backbone that was frozen for a test and left so"],
    remedy:
      "Give the optimiser's group the backbone's rate. Here: optim.lrBackbone; leave out the quirk frozen-backbone-lr0.",
    change: { withoutQuirks: ["frozen-backbone-lr0"] },
    explains: ["module-not-optimised", "update-too-small"],
  }),
  "one-learning-rate": (at, right) => ({
    severity: "serious",
    title: "Freshly made layers learn at the backbone's rate",
    sentence: `At step ${at.step} the heads' rate is ${show(at.head)}, that of the backbone, where the config asks for ${show(right.head)}: layers that start at random learn ${show(right.head / at.head)} times too slowly.`,
    causes: [
      "one group of parameters for all (the original's train.py:289-308)",
      "the heads' rate of the config is read by nobody",
    ],
    remedy:
      "Make two groups of parameters. Here: optim.lr beside optim.lrBackbone; leave out the quirk one-learning-rate.",
    change: { withoutQuirks: ["one-learning-rate"] },
    explains: ["update-too-small"],
  }),
  "no-warmup": (at, right, { warmupSteps }) => ({
    severity: "warning",
    title: "The learning rate has no warm-up",
    sentence: `The config asks for a warm-up of ${warmupSteps} steps, but the heads' rate at step ${at.step} is ${show(at.head)} in place of ${show(right.head)}: AdamW's first steps, whose moments are still noise, have full size.`,
    causes: [
      "the config's warm-up is read by nobody: the scheduler is a plain cosine (the original's train.py:311-323)",
    ],
    remedy: "Chain a linear warm-up before the cosine. Here: optim.warmupSteps; leave out the quirk no-warmup.",
    change: { withoutQuirks: ["no-warmup"] },
  }),
  "lr-restarted": (at, right) => ({
    severity: "serious",
    title: "The learning-rate schedule starts again",
    sentence: `The run goes on at step ${at.step} with a rate of ${show(at.head)}, that of a new run, where ${show(right.head)} was due.`,
    causes: [
      "the scheduler's state is saved and not restored: it counts from 0 again (the original's train.py:870-880)",
    ],
    remedy:
      "Load scheduler_state_dict beside the optimiser's. Here a resumed run computes its rate from the step; leave out the quirk scheduler-not-restored.",
    change: { withoutQuirks: ["scheduler-not-restored"] },
  }),
};

function differs(at: StepRates, right: StepRates): Finding {
  return found({
    id: "schedule-differs",
    severity: "warning",
    certainty: "certain",
    title: "The learning rate is not that of the config",
    sentence: `At step ${at.step} the rates of heads and backbone are ${show(at.head)} and ${show(at.backbone)}, where the config's schedule has ${show(right.head)} and ${show(right.backbone)}.`,
    evidence: [
      measure(`learning rate of the heads at step ${at.step}`, show(at.head), show(right.head)),
      measure(`learning rate of the backbone at step ${at.step}`, show(at.backbone), show(right.backbone)),
    ],
    causes: [
      "another schedule than the configured one",
      "a resumed run with another number of steps than it began with",
    ],
    remedy: "Compare optim.lr, optim.lrBackbone, optim.warmupSteps, optim.minLr and run.steps with what trains.",
  });
}

/**
 * Rates for fine-tuning are a hundred times smaller than for training from scratch: ViT-H is fine-tuned at 1e-5, heads want
 * 1e-4 to 1e-3 (HaMeR, ViTPose). Below this heads with the same rate are taken for forgotten.
 */
const FINE_TUNING = 3e-5;

/** The config itself gives fresh layers a rate that is made for pretrained ones. */
function equalRates({ rates }: RunHistory, { lrHead, lrBackbone }: Schedule): Finding[] {
  if (lrHead !== lrBackbone || !(lrHead > 0) || lrHead > FINE_TUNING) return [];
  return [
    found({
      id: "one-learning-rate",
      severity: "warning",
      certainty: "likely",
      title: "Freshly made layers learn at the backbone's rate",
      sentence: `Heads and backbone both learn at ${show(lrHead)}, a rate for pretrained weights; layers that start at random want ten to a hundred times more.`,
      evidence: [measure("peak learning rate of the heads", show(lrHead), "1e-4 to 1e-3", { n: rates.length })],
      causes: ["the original's config has one rate for all (train.py:289-308)"],
      remedy: "Set optim.lr to 1e-4 or more and leave optim.lrBackbone.",
      change: { set: { "optim.lr": "1e-4" } },
      explains: ["update-too-small"],
    }),
  ];
}
