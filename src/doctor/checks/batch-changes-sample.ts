import { inspectLink, type ModelCheck, show } from "./model-check";

/** In evaluation every row is computed by itself, in the same order of sums: the same bits. */
const JOINTS_MM = 1e-3;
const XY_PX = 1e-2;

/** A sample's prediction in evaluation depends on who else is in the batch. Source: catalogue D41, D24. */
export const batchChangesSample: ModelCheck = ({ batchChange }) => {
  if (!batchChange || (batchChange.jointsMm <= JOINTS_MM && batchChange.xyPx <= XY_PX)) return undefined;
  const { jointsMm, xyPx, sample } = batchChange;
  return {
    id: "batch-changes-sample",
    severity: "serious",
    certainty: "certain",
    title: "A prediction depends on the other samples of its batch",
    sentence: `Sample ${sample} among others and among copies of itself differs by ${show(jointsMm)} mm and ${show(xyPx)} px in evaluation, where it should not differ at all.`,
    evidence: [
      { what: "largest difference of a joint's coordinate", found: jointsMm, expected: "0", unit: "mm" },
      { what: "largest difference in the image", found: xyPx, expected: "0", unit: "px" },
    ],
    causes: [
      "batch statistics are used in evaluation: model.eval() was not called",
      "torch.cross without dim takes the wrong axis for a batch of 3 (the original's src/models/vit.py:22)",
    ],
    remedy: "Evaluate with running statistics; give torch.cross its dim (vit.py:22).",
    samples: [sample],
    link: inspectLink(sample),
  };
};
