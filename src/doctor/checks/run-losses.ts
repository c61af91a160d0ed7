import type { Finding } from "../finding";
import type { RunHistory } from "../run/history";
import { found, measure, type RunCheck, show } from "../run/run-check";

/** Losses that cannot be: a total that is not the sum of its terms, and two steps with the same bits. */
export const runLosses: RunCheck = (run) => [...sum(run), ...repeated(run)];

function sum({ unsummed, unsummedCount, steps }: RunHistory): Finding[] {
  if (!unsummed) return [];
  const { record, sum: total } = unsummed;
  return [
    found({
      id: "loss-does-not-add-up",
      severity: "serious",
      certainty: "certain",
      title: "The loss terms do not add up to the total",
      sentence: `At step ${record.step} the terms with the config's weights make ${show(total)}, but the total that is trained on is ${show(record.losses.total_loss)}; so in ${unsummedCount} of ${steps} steps.`,
      evidence: [
        measure("weighted sum of the terms", show(total), show(record.losses.total_loss), { n: unsummedCount }),
      ],
      causes: [
        "the total holds a term that is not logged, or other weights than the config's",
        "terms and total are of different batches",
      ],
      remedy:
        "Make the total from the logged terms. Here: loss.w2d, loss.w3dJoint, loss.w3dVert, loss.wPrior, loss.wAux.",
      since: `step ${record.step}`,
    }),
  ];
}

function repeated({ repeated: pair, evaluations }: RunHistory): Finding[] {
  const scored = evaluations.filter(({ losses }) => Number.isFinite(losses.total_loss));
  const again = scored.findIndex(
    (each, i) => i > 0 && each.step !== scored[i - 1].step && same(each.losses, scored[i - 1].losses),
  );
  if (!pair && again < 0) return [];
  const [first, second] = pair ? [pair.first, pair.second] : [scored[again - 1].step, scored[again].step];
  return [
    found({
      id: "losses-repeated",
      severity: "serious",
      certainty: "certain",
      title: pair ? "Two steps have identical losses" : "Two evaluations have identical losses",
      sentence: `All loss terms ${pair ? "of" : "of the evaluations after"} steps ${first} and ${second} have the same bits: with weights that change that does not happen.`,
      evidence: [measure("records with the same losses", 2, "1")],
      causes: [
        "the weights do not change",
        "the prediction depends on neither weights nor input: no hand model, zeros",
      ],
      remedy: "Look at the update's norm of every module.",
      since: `step ${second}`,
    }),
  ];
}

const same = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);
