/** What the inspector hands out: captions, JSON, meshes. Pure. */

import type { ExportMesh } from "../../export/mesh";
import { METRICS, type MetricName } from "../../metrics/judge";
import type { LookView, WhatIf } from "../../train/inspect/types";
import { fixed, plural } from "../format";
import { heatOf } from "../viewer/palette";
import type { StageName } from "./address";
import { errorLimitOf } from "./scales";
import { STAGES } from "./stages";

/** What a what-if changes, in words; "" for nothing. */
export function whatIfWords({ dropDepth, joints, truthScale = 1, shiftBox }: WhatIf): string {
  return [
    dropDepth ? "without depth" : "",
    joints === undefined ? "" : "true joints in another order",
    truthScale === 1 ? "" : `true joints times ${truthScale}`,
    shiftBox === undefined ? "" : `box moved by ${shiftBox[0]}, ${shiftBox[1]} px`,
  ]
    .filter(Boolean)
    .join(", ");
}

const CAPTIONED: readonly MetricName[] = ["mpjpe_mm", "pa_mpjpe_mm", "mpvpe_mm", "pa_mpvpe_mm"];

/** Lines below a figure: which sample, which stage, whose weights, which errors. `details` of the stage: "block 3, head 1". */
export function figureCaption(
  view: LookView,
  stage: StageName,
  run: string,
  details: string,
  whatIf: WhatIf,
): string[] {
  const { metrics, nonFinite } = view.errors;
  const numbers = CAPTIONED.filter((name) => name in metrics).map(
    (name) => `${METRICS[name].label} ${fixed(metrics[name], 2)} mm`,
  );
  const split = view.split === "val" ? "validation" : "training";
  const shown = view.epoch === undefined ? "" : `, augmented as in epoch ${view.epoch}`;
  const changed = whatIfWords(whatIf);
  return [
    `${STAGES[stage].label}${details === "" ? "" : ` (${details})`}: sample ${view.id}, ${split} ${view.index}${shown}`,
    `Weights after ${plural(view.step, "step")} of run ${run}. ${nonFinite ? "The prediction is not finite" : numbers.join(", ")}, n = 1.`,
    ...(changed === "" ? [] : [`What if: ${changed}.`]),
  ];
}

/** Name of a file: "synthetic-0003-attention-step-40". */
export function fileStem({ id, step }: Pick<LookView, "id" | "step">, what: string): string {
  return `${id.replace(/[^\w.-]+/g, "-")}-${what}-step-${step}`;
}

/** Truth, coarse and refined mesh, each relative to its wrist; the refined one coloured by its error where that is known. */
export function meshesOf({ truth, coarse, refined, faces, errors }: LookView): ExportMesh[] {
  const { verticesMm } = errors;
  return [
    ...(truth.vertices === undefined ? [] : [{ name: "true", vertices: truth.vertices, faces }]),
    { name: "coarse", vertices: coarse.vertices, faces },
    {
      ...{ name: "refined", vertices: refined.vertices, faces },
      ...(verticesMm && { colours: heatOf(verticesMm, errorLimitOf(verticesMm)) }),
    },
  ];
}
