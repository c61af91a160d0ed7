import type { ModuleEvidence, StepEvidence } from "../../train/run-evidence";
import type { Finding } from "../finding";
import type { RunHistory } from "../run/history";
import { found, list, measure, median, type RunCheck, show } from "../run/run-check";

/** Measured steps: the first three, then every twentieth. Gradients of a module may be 0 in the first of them, see `dead`. */
const ENOUGH = 5;
/** Update over weight that is worth a look (Karpathy's rule of thumb is 1e-3); one decade each way is common, two are not. */
const LEAST = 1e-5;
const MOST = 1e-1;
/** Steps after which Adam's moments, warm-up and layers that start at zero have settled. */
const SETTLED = 100;
/** Samples without a depth image give these no gradient, samples that all have one do not need the placeholder. */
const MAY_REST = /depth_embed/;

/** What each module does with its gradient: nothing, too little, too much, or has none. */
export const runModules: RunCheck = (run) => [...still(run), ...dead(run), ...size(run)];

/** Steps that changed weights. */
const taken = ({ measured }: RunHistory): readonly StepEvidence[] =>
  measured.filter(({ modules }) => modules.every(({ nonFinite }) => nonFinite === 0));

const rateOf = ({ lr, lr_backbone }: StepEvidence, { group }: ModuleEvidence): number =>
  group === "head" ? lr : lr_backbone;

/**
 * A gradient and no update, not of one bit in any weight of a module. A small rate can round away where weights are near 1,
 * not for thousands of weights of all sizes; two steps have to agree.
 */
function still(run: RunHistory): Finding[] {
  const steps = taken(run);
  const last = steps.at(-1);
  if (!last || steps.length < 2) return [];
  const moves = (name: string): boolean =>
    steps.some(({ modules }) => modules.some((each) => each.name === name && each.update > 0));
  const pulled = last.modules.filter(
    ({ name }) =>
      steps.filter(({ modules }) => modules.some((each) => each.name === name && each.gradient > 0)).length >= 2,
  );
  const stuck = pulled.filter(({ name }) => !moves(name));
  if (stuck.length === 0) return [];
  if (stuck.length === pulled.length) return [frozenWeights(steps, stuck)];
  const names = stuck.map(({ name }) => name);
  const isRefiner = names.every((name) => name.startsWith("gcn_refinement"));
  const isBackbone =
    stuck.every(({ group }) => group === "backbone") && stuck.every((each) => rateOf(last, each) === 0);
  if (isBackbone) return [frozenBackbone(steps, stuck)];
  const shown = stuck[0];
  return [
    found({
      id: isRefiner ? "refiner-not-optimised" : "module-not-optimised",
      severity: "serious",
      certainty: "certain",
      title: isRefiner ? "The refinement is not optimised" : "Modules get gradients and no updates",
      sentence: `${list(names)} get a gradient (norm ${show(shown.gradient)} at step ${last.step}) and did not change by one bit in ${steps.length} measured steps, while the rest of the network moves.`,
      evidence: stuck.slice(0, 4).map(({ name, gradient }) =>
        measure(
          `update of ${name}, gradient ${show(gradient)}`,
          0,
          "about the learning rate times the root of its size",
          {
            n: steps.length,
          },
        ),
      ),
      causes: [
        "the optimiser was made without these parameters, or before they were: a list of modules that forgets one (WiLoR's refinement, issue 48)",
        "requires_grad is switched off after the gradient is computed, or their group's rate is 0",
      ],
      remedy:
        "Compare the number of parameters in the optimiser's groups with the model's. Here: leave out the quirk refiner-not-optimised.",
      ...(isRefiner && { change: { withoutQuirks: ["refiner-not-optimised"] } }),
      // What lies behind heads that stay at zero gets no gradient.
      explains: ["dead-gradient", "metric-constant"],
    }),
  ];
}

function frozenWeights(steps: readonly StepEvidence[], stuck: readonly ModuleEvidence[]): Finding {
  const { lr, lr_backbone } = steps[steps.length - 1];
  return found({
    id: "frozen-weights",
    severity: "fatal",
    certainty: "certain",
    title: "The weights do not change",
    sentence: `All ${stuck.length} modules get gradients, and no weight changed by one bit in ${steps.length} measured steps; the learning rates are ${show(lr)} and ${show(lr_backbone)}.`,
    evidence: [measure("norm of the update", 0, "above 0", { n: steps.length })],
    causes: ["the learning rate is 0", "the optimiser was built from other parameters than the model that is trained"],
    remedy: "Here: optim.lr and optim.lrBackbone.",
    explains: ["metric-constant", "losses-repeated", "frozen-backbone"],
  });
}

function frozenBackbone(steps: readonly StepEvidence[], stuck: readonly ModuleEvidence[]): Finding {
  return found({
    id: "frozen-backbone",
    severity: "serious",
    certainty: "certain",
    title: "The backbone does not learn",
    sentence: `The backbone's learning rate is 0: ${list(stuck.map(({ name }) => name))} get gradients and did not change by one bit in ${steps.length} measured steps.`,
    evidence: [measure("learning rate of the backbone", 0, "above 0", { n: steps.length })],
    causes: ["a learning-rate group of 0", "a backbone that was frozen for a test and left so"],
    remedy: "Here: optim.lrBackbone; leave out the quirk frozen-backbone-lr0.",
    change: { withoutQuirks: ["frozen-backbone-lr0"] },
  });
}

/**
 * No gradient in any measured step. Layers behind the refinement's heads, which start at zero, get theirs from the second step
 * on; modules of depth only with depth images.
 */
function dead(run: RunHistory): Finding[] {
  const steps = taken(run);
  if (steps.length < ENOUGH) return [];
  const gets = (name: string): boolean =>
    steps.some(({ modules }) => modules.some((each) => each.name === name && each.gradient > 0));
  const names = steps[0].modules.map(({ name }) => name).filter((name) => !gets(name) && !MAY_REST.test(name));
  if (names.length === 0) return [];
  const all = names.length === steps[0].modules.length;
  return [
    found({
      id: "dead-gradient",
      severity: all ? "fatal" : "serious",
      certainty: "certain",
      title: all ? "There is no gradient" : "Modules get no gradient",
      sentence: `${list(names)}: the gradient is exactly 0 in all ${steps.length} measured steps up to ${steps[steps.length - 1].step}.`,
      evidence: [measure("modules without a gradient", names.length, "0", { n: steps[0].modules.length })],
      causes: [
        "the loss does not depend on them: zeros in place of the hand model, samples outside the map, a detached tensor",
        "an activation that is 0 for every input",
      ],
      remedy: "Follow the first of them to the loss: the last place with a gradient is where it is lost.",
      explains: ["metric-constant"],
    }),
  ];
}

/** Update over weight, near the peak of the schedule: later the rate falls by intent. */
function size(run: RunHistory): Finding[] {
  const { config } = run;
  if (!config) return [];
  const steps = taken(run).filter(({ step, lr }) => step > SETTLED && lr >= 0.5 * config.optim.lr);
  if (steps.length < ENOUGH) return [];
  const modules = steps[0].modules.flatMap(({ name, group }) => {
    const ratios = steps.flatMap(({ modules }) =>
      modules
        .filter((each) => each.name === name && each.gradient > 0 && each.weight > 0)
        .map((each) => each.update / each.weight),
    );
    return ratios.length < ENOUGH ? [] : [{ name, group, ratio: median(ratios) }];
  });
  // A pretrained backbone moves slowly on purpose.
  const small = modules.filter(({ group, ratio }) => group === "head" && ratio > 0 && ratio < LEAST);
  const large = modules.filter(({ ratio }) => ratio > MOST);
  return [
    ...(small.length > 0 ? [updateSize("update-too-small", small, steps.length)] : []),
    ...(large.length > 0 ? [updateSize("update-too-large", large, steps.length)] : []),
  ];
}

function updateSize(
  id: "update-too-small" | "update-too-large",
  modules: readonly { readonly name: string; readonly ratio: number }[],
  n: number,
): Finding {
  const isSmall = id === "update-too-small";
  return found({
    id,
    severity: "warning",
    certainty: "possible",
    title: isSmall ? "Freshly made layers hardly move" : "Weights move by more than a tenth in a step",
    sentence: `${list(modules.map(({ name, ratio }) => `${name} (${show(ratio)})`))}: a step changes the weights by this share (median of ${n} steps), where 1e-4 to 1e-2 is common and 1e-3 a good rule.`,
    evidence: modules.slice(0, 4).map(({ name, ratio }) =>
      measure(`norm of update over norm of weight, ${name}`, show(ratio), isSmall ? "above 1e-5" : "below 0.1", {
        n,
      }),
    ),
    causes: isSmall
      ? ["the learning rate is made for pretrained weights", "weights are far larger than they need to be"]
      : ["the learning rate is too large", "weights that are nearly 0"],
    remedy: isSmall
      ? "Raise optim.lr tenfold and look again."
      : "Lower optim.lr tenfold, or lengthen optim.warmupSteps.",
  });
}
