import type { Finding } from "../finding";
import type { RunHistory } from "../run/history";
import { found, measure, median, percent, type RunCheck, show } from "../run/run-check";

/** float32 of a division and a square root; any fault is off by percents. */
const SAME_FACTOR = 1e-3;
/** Steps before a share means something. */
const ENOUGH = 50;
/** Catalogue D50 alarms at half; a network that begins far off is clipped in its first hundred steps, which does no harm. */
const MOST = 0.9;

/** What clipping does to the gradient: another factor than min(1, clip / norm), or nearly always less than 1. Source: torch.nn.utils.clip_grad_norm_. */
export const runClipping: RunCheck = (run) => [...rescaled(run), ...mostly(run)];

function rescaled({ measured, config }: RunHistory): Finding[] {
  if (!config) return [];
  const { clip } = config.optim;
  const factor = (norm: number): number => Math.min(1, (clip ?? Number.POSITIVE_INFINITY) / (norm + 1e-6));
  const off = measured.filter(
    ({ grad_norm, clip_factor }) =>
      Number.isFinite(clip_factor) && grad_norm > 0 && Math.abs(clip_factor / factor(grad_norm) - 1) > SAME_FACTOR,
  );
  if (off.length === 0) return [];
  const grown = off.find(({ clip_factor }) => clip_factor > 1);
  const shown = grown ?? off[0];
  const norms = off.map(({ grad_norm, clip_factor }) => grad_norm * clip_factor);
  const isOne = norms.every((norm) => Math.abs(norm / norms[0] - 1) < SAME_FACTOR);
  const bound = clip === undefined ? "no clipping is configured" : `the configured bound is ${show(clip)}`;
  return [
    found({
      id: "gradients-rescaled",
      severity: "serious",
      certainty: "certain",
      title: grown ? "Small gradients are scaled up" : "Gradients are scaled down though they are small",
      sentence: `At step ${shown.step} the gradient's norm of ${show(shown.grad_norm)} was multiplied by ${show(shown.clip_factor)}, where ${bound} and ${show(factor(shown.grad_norm))} was expected${isOne ? `; every step leaves with a norm of ${show(norms[0])}, however large its gradient` : ""}.`,
      evidence: [
        measure("factor of the gradient", show(shown.clip_factor), show(factor(shown.grad_norm))),
        measure("steps with another factor", off.length, "0", { n: measured.length }),
      ],
      causes: [
        "the gradient is divided by its norm in every step, not only above the bound: hard and easy batches move the weights alike",
        "clip_grad_norm_ is called with a bound of 1 on a loss that is a sum (the original's train.py:407)",
      ],
      remedy:
        "Multiply by min(1, bound / norm), as torch.nn.utils.clip_grad_norm_ does. Here: optim.clip; leave out the quirk clip-hard.",
      change: { withoutQuirks: ["clip-hard"] },
      explains: ["mostly-clipped"],
    }),
  ];
}

function mostly({ steps, clipped, measured, config }: RunHistory): Finding[] {
  if (steps < ENOUGH || clipped / steps < MOST) return [];
  const norm = median(measured.map(({ grad_norm }) => grad_norm).filter(Number.isFinite));
  return [
    found({
      id: "mostly-clipped",
      severity: "warning",
      certainty: "likely",
      title: "Nearly every gradient is clipped",
      sentence: `${clipped} of ${steps} steps (${percent(clipped / steps)}) were clipped at ${show(config?.optim.clip ?? Number.NaN)}; the median norm is ${show(norm)}. The gradient's size then says nothing about the step's.`,
      evidence: [measure("share of clipped steps", percent(clipped / steps), "below 50 %", { n: steps })],
      causes: ["losses that are sums in place of means", "a bound far below the usual norm"],
      remedy: `Set optim.clip to a few times the median norm, ${show(3 * norm)}.`,
      change: { set: { "optim.clip": show(3 * norm) } },
    }),
  ];
}
