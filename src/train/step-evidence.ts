/** From the norms of parameters to the evidence of a step. */
import type { ParameterNorms } from "../optim/module-stats";
import type { StepRecord } from "./events";
import type { ModuleEvidence, StepEvidence } from "./run-evidence";

/** Names that are listed at most. */
const LISTED = 20;

/** Whether step `step`, counted from 0, is measured: the first three, then every twentieth, as they are reported with 1 added. */
export const isMeasured = (step: number): boolean => step < 3 || (step + 1) % 20 === 0;

/** "vit_backbone.blocks.3.attn.qkv.weight" -> "vit_backbone.blocks.3", others -> two words: "gcn_refinement.pose_head". */
export function moduleOfKey(name: string): string {
  const words = name.split(".");
  return words.slice(0, /^\d+$/.test(words[2] ?? "") && words[1] === "blocks" ? 3 : 2).join(".");
}

/** Modules in the order of their first parameter. */
export function moduleEvidence(norms: readonly ParameterNorms[]): ModuleEvidence[] {
  const byModule = new Map<string, ParameterNorms[]>();
  for (const each of norms) {
    const name = moduleOfKey(each.name);
    const known = byModule.get(name);
    if (known) known.push(each);
    else byModule.set(name, [each]);
  }
  return [...byModule].map(([name, all]) => {
    const sum = (of: (each: ParameterNorms) => number): number => all.reduce((total, each) => total + of(each), 0);
    return {
      name,
      parameters: sum(({ size }) => size),
      group: all[0].group,
      gradient: Math.sqrt(sum(({ gradient2 }) => gradient2)),
      weight: Math.sqrt(sum(({ weight2 }) => weight2)),
      update: Math.sqrt(sum(({ update2 }) => update2)),
      nonFinite: sum(({ nonFinite }) => nonFinite),
    };
  });
}

/** `clipFactor`: what the optimiser multiplied every gradient with. */
export function stepEvidence(record: StepRecord, clipFactor: number, norms: readonly ParameterNorms[]): StepEvidence {
  const { step, grad_norm, lr, lr_backbone, in_map_share, losses } = record;
  const still = norms.filter(({ changed }) => changed === 0);
  return {
    kind: "step",
    step,
    modules: moduleEvidence(norms),
    parameters: norms.length,
    still: still.length,
    stillWithGradient: still
      .filter(({ gradient2 }) => gradient2 > 0)
      .map(({ name }) => name)
      .slice(0, LISTED),
    ...{ grad_norm, clip_factor: clipFactor, lr, lr_backbone, in_map_share, losses },
  };
}
