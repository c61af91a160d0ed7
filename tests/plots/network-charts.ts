/** Faults of the network and its losses, from probes of a small one. */
import type { QuirkName } from "../../src/config/quirks";
import type { JointComparison, ModelEvidence } from "../../src/train/model-evidence";
import { evidenceOf, smallConfig } from "../doctor/model-fixture";
import type { Axis, Chart, Marks } from "./chart";

type Point = readonly [number, number];

const marks = (kind: Marks["kind"], name: string, tone: Marks["tone"], points: readonly Point[]): Marks => ({
  ...{ kind, name, tone, points },
});
const bars = (healthy: readonly number[], faulty: readonly number[]): Marks[] => [
  marks(
    "bars",
    "healthy",
    "healthy",
    healthy.map((value, i): Point => [i, value]),
  ),
  marks(
    "bars",
    "with the fault",
    "faulty",
    faulty.map((value, i): Point => [i, value]),
  ),
];
const named = (...names: readonly string[]): Axis => ({ label: "", range: [-0.5, names.length - 0.5], names });

export async function networkCharts(): Promise<ReadonlyMap<string, Chart>> {
  const probe = async (...quirks: readonly QuirkName[]): Promise<ModelEvidence> =>
    (await evidenceOf({ ...smallConfig(), quirks }, [1]))[0];
  const healthy = await probe();
  // Faults that do not touch each other's numbers share a network.
  const mapped = await probe("map-transposed", "loss-sum-mm", "focal-centre-mixed");
  const ordered = await probe("mano-thumb-first", "refine-unzeroed");
  const sampled = await probe("sample-in-millimetres", "ring-adjacency");
  const rotated = await probe("axis-angle-round-trip", "double-millimetres");
  const centred = await probe("tips-smplx", "double-centring");
  const missing = await probe("mano-missing");
  return new Map<string, Chart>([
    ["joint-order", jointChart("The hand of annotated parameters against MANO's formulas", 120, healthy, ordered)],
    [
      "tips-of-another-model",
      jointChart("The hand of annotated parameters against MANO's formulas", 8, healthy, centred),
    ],
    ["feature-map-scrambled", patchChart(mapped)],
    [
      "sampled-outside-map",
      {
        title: "Share of vertex samples inside the feature map",
        x: named("where they are sampled", "where they project to"),
        y: { label: "share", range: [0, 1] },
        marks: bars(
          [healthy.sampling?.insideShare ?? 0, healthy.sampling?.projectedShare ?? 0],
          [sampled.sampling?.insideShare ?? 0, sampled.sampling?.projectedShare ?? 0],
        ),
      },
    ],
    [
      "graph-is-a-ring",
      {
        title: "Edges of the refinement's graph",
        x: named("edges", "of the mesh's edges in it"),
        y: { label: "edges", range: [0, 2500] },
        marks: bars(edgesOf(healthy), edgesOf(sampled)),
      },
    ],
    [
      "projection-mixed-units",
      {
        title: "Spread of 2D joints in the crop",
        x: named("predicted", "annotated"),
        y: { label: "sides of the crop", range: [1e-5, 1], isLog: true },
        marks: bars(spreadOf(healthy), spreadOf(mapped)),
      },
    ],
    ["rotations-round-trip", sweepChart(healthy, rotated)],
    [
      "refinement-starts-perturbed",
      {
        title: "The first prediction, before and after the refinement",
        x: named("mean distance of refined from coarse joints"),
        y: { label: "mm", range: [0, Math.max(1, 1.2 * ordered.prediction.refinement.jointsMm)] },
        marks: bars([healthy.prediction.refinement.jointsMm], [ordered.prediction.refinement.jointsMm]),
      },
    ],
    ["loss-is-a-sum", ratioChart("A step's loss terms over their formulas", healthy, mapped)],
    ["unit-doubled", ratioChart("A step's loss terms over their formulas", healthy, rotated)],
    ["double-centring", centringChart(centred)],
    [
      "mano-missing",
      {
        title: "Deviation of the prediction over a batch, and parameters without a gradient",
        x: named("joints, mm", "vertices, mm", "parameters without gradient, %"),
        y: { label: "mm, %", range: [1e-4, 100], isLog: true },
        marks: bars(missingOf(healthy), missingOf(missing)),
      },
    ],
  ]);
}

function jointChart(title: string, top: number, ...both: readonly [ModelEvidence, ModelEvidence]): Chart {
  const of = (compared: JointComparison | null): number[] => (compared ? [...compared.perJointMm] : []);
  return {
    title,
    x: { label: "joint, from the wrist to the little finger's tip", range: [-0.7, 20.7], ticks: [0, 4, 8, 12, 16, 20] },
    y: { label: "mm", range: [0, top] },
    marks: bars(of(both[0].decoder.reference), of(both[1].decoder.reference)),
  };
}

function patchChart({ patches, sampling }: ModelEvidence): Chart {
  const [rows, columns] = sampling?.patches ?? [1, 1];
  const most = Math.max(rows, columns);
  const moved = (patches?.places ?? []).filter(({ at, answers }) => at.join() !== answers.join());
  return {
    title: "Where a light patch answers in the feature map",
    x: { label: "column", range: [-0.5, most - 0.5], ticks: Array.from({ length: most }, (_, i) => i) },
    y: { label: "row, downwards", range: [most - 0.5, -0.5], ticks: Array.from({ length: most }, (_, i) => i) },
    marks: [
      marks(
        "dots",
        "light patch",
        "grey",
        (patches?.places ?? []).map(({ at: [r, c] }): Point => [c, r]),
      ),
      marks(
        "arrows",
        "answers elsewhere",
        "faulty",
        moved.flatMap(({ at: [r, c], answers: [a, b] }): Point[] => [
          [c, r],
          [b, a],
        ]),
      ),
    ],
  };
}

const edgesOf = ({ graph }: ModelEvidence): number[] => [graph?.edges ?? 0, graph?.shared ?? 0];
const spreadOf = ({ prediction: { spread } }: ModelEvidence): number[] => [spread.predicted, spread.annotated];

function missingOf({ prediction, gradients }: ModelEvidence): number[] {
  const without = new Set([...gradients.untouched, ...gradients.zero]).size;
  return [prediction.std.jointsMm, prediction.std.verticesMm, (100 * without) / gradients.parameters];
}

function sweepChart(...both: readonly [ModelEvidence, ModelEvidence]): Chart {
  const of = ({ rotations: { sweep } }: ModelEvidence): Point[] =>
    sweep.map(({ maxMm }, i): Point => [i, Math.max(maxMm, 1e-6)] as const);
  return {
    title: "Error of the vertices by the angle of the wrist",
    x: {
      label: "angle that the wrist is turned by, radians",
      range: [-0.5, both[0].rotations.sweep.length - 0.5],
      names: both[0].rotations.sweep.map(({ angleRadians }) => String(Number(angleRadians.toFixed(4)))),
    },
    y: { label: "farthest vertex, mm", range: [1e-5, 1e3], isLog: true },
    marks: [
      marks("bars", "rotation matrices", "healthy", of(both[0])),
      marks("bars", "through axis-angle", "faulty", of(both[1])),
    ],
  };
}

function ratioChart(title: string, ...both: readonly [ModelEvidence, ModelEvidence]): Chart {
  const of = ({ losses }: ModelEvidence): number[] => losses.terms.map(({ found, expected }) => found / expected);
  return {
    title,
    x: named(...both[0].losses.terms.map(({ term }) => term)),
    y: { label: "found over expected", range: [0.1, 1e7], isLog: true },
    marks: bars(of(both[0]), of(both[1])),
  };
}

function centringChart({ losses }: ModelEvidence): Chart {
  const term = losses.terms.find((each) => each.term === "loss_3d_joint");
  const [found, expected] = [1000 * (term?.found ?? 0), 1000 * (term?.expected ?? 0)];
  return {
    title: "3D joint loss of one prediction",
    x: named("wrist subtracted once", "twice"),
    y: { label: "mm per coordinate", range: [0, 1.2 * Math.max(found, expected, 1)] },
    marks: [
      marks("bars", "healthy", "healthy", [[0, expected]]),
      marks("bars", "with the fault", "faulty", [[1, found]]),
    ],
  };
}
