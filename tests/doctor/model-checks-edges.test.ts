import { beforeAll, expect, it } from "vitest";
import { MODEL_CHECKS } from "../../src/doctor/checks/model-checks";
import { type Diagnosis, diagnose } from "../../src/doctor/finding";
import type { JointComparison, ModelEvidence } from "../../src/train/model-evidence";
import { probeModel } from "../../src/train/probes/model";
import { batchesOf, build, smallConfig } from "./model-fixture";

const LIMIT_MS = 600_000;

let healthy: ModelEvidence;
let spoilt: readonly (readonly [string, ModelEvidence])[];

beforeAll(async () => {
  const config = smallConfig();
  const built = await build(config, 1);
  const batches = await batchesOf(config, 1);
  const probe = (): Promise<ModelEvidence> => probeModel(built, { batches, step: 0 });
  healthy = await probe();
  const { store } = built;
  const fill = (pattern: RegExp, value: number): void => {
    for (const { name, size } of store.parameters)
      if (pattern.test(name)) store.write(name, new Float32Array(size).fill(value));
  };
  fill(/^modality_fusion\.rgb_embed\.patch_embed\.norm\.weight/, 0);
  const cut = await probe();
  store.initialize(1);
  fill(/^vit_backbone\.last_norm\.weight/, Number.NaN);
  spoilt = [
    ["cut", cut],
    ["nan", await probe()],
  ];
  built.destroy();
}, LIMIT_MS);

const diagnosed = (evidence: ModelEvidence): Diagnosis[] =>
  diagnose(MODEL_CHECKS.flatMap((check) => check(JSON.parse(JSON.stringify(evidence)) as ModelEvidence) ?? []));

const ids = (evidence: ModelEvidence): string[] => diagnosed(evidence).map(({ id }) => id);

it("nothing is found before anything is spoilt", () => {
  expect(ids(healthy)).toEqual([]);
});

it("weights that cut the image off leave parameters without a gradient", () => {
  const [found, ...others] = diagnosed(spoilt[0][1]);
  expect(others).toEqual([]);
  expect([found.id, found.severity]).toEqual(["dead-gradient", "serious"]);
  expect(found.sentence).toContain("2 get none (modality_fusion.rgb_embed.patch_embed.proj.weight");
});

it("a NaN among the weights is one fatal finding, gradients below it", () => {
  const [found, ...others] = diagnosed(spoilt[1][1]);
  expect(others).toEqual([]);
  expect([found.id, found.severity]).toEqual(["prediction-not-finite", "fatal"]);
  expect(found.symptoms.map(({ id }) => id)).toContain("dead-gradient");
});

const compared = (change: Partial<JointComparison>): JointComparison => ({
  n: 4,
  perJointMm: new Array<number>(21).fill(0.01),
  assignment: Array.from({ length: 21 }, (_, j) => j),
  assignedMm: 0.01,
  ...change,
});
const withAnnotation = (change: Partial<JointComparison>): ModelEvidence => ({
  ...healthy,
  decoder: { ...healthy.decoder, annotation: compared(change) },
});

it("labels in another order than the network's are told from a network in another order", () => {
  const assignment = Array.from({ length: 21 }, (_, j) => (j === 0 ? 0 : 1 + ((j + 3) % 20)));
  const perJointMm = new Array<number>(21).fill(40);
  const [found] = diagnosed(withAnnotation({ assignment, perJointMm, assignedMm: 0.4 }));
  expect(found.id).toBe("joint-order");
  expect(found.change).toBeUndefined();
  expect(found.causes[0]).toContain("annotated joints");
});

it("labels that no order explains are not called permuted", () => {
  const assignment = Array.from({ length: 21 }, (_, j) => 20 - j);
  // As where images are turned and labels are not.
  expect(ids(withAnnotation({ assignment, perJointMm: new Array<number>(21).fill(60), assignedMm: 25 }))).toEqual([]);
  expect(ids(withAnnotation({ perJointMm: new Array<number>(21).fill(60), assignedMm: 60 }))).toEqual([]);
});

it("tips of the labels are vertices of another model", () => {
  const tips = Array.from({ length: 21 }, (_, j) => (j > 0 && j % 4 === 0 ? 2.7 : 0.01));
  const [found, ...others] = diagnosed(withAnnotation({ perJointMm: tips, assignedMm: 0.6 }));
  expect([found.id, found.change, others]).toEqual(["tips-of-another-model", undefined, []]);
});

it("a square map whose rows and columns changed places is seen by its patches alone", () => {
  const places = [1, 2, 3, 4, 6, 7].map((n) => ({ at: [n >> 2, n & 3] as const, answers: [n & 3, n >> 2] as const }));
  const patches = { tried: 8, found: 2, exchanged: 6, places };
  const sampling = { ...healthy.sampling!, map: [4, 4] as const, patches: [4, 4] as const };
  expect(ids({ ...healthy, patches, sampling })).toEqual(["feature-map-scrambled"]);
  // A network whose attention moved its answers is no such thing.
  expect(ids({ ...healthy, patches: { ...patches, exchanged: 1 }, sampling })).toEqual([]);
});

it("a graph that lacks edges is not that of the hand", () => {
  const graph = { ...healthy.graph!, edges: healthy.graph!.edges - 7, shared: healthy.graph!.shared - 7 };
  const [found] = diagnosed({ ...healthy, graph });
  expect([found.id, found.title]).toEqual(["graph-is-a-ring", "The mesh's graph is not that of the hand"]);
});

it("samples that miss the map for want of a camera are a warning, no certain fault", () => {
  const sampling = { ...healthy.sampling!, insideShare: 0.1, projectedShare: 0.1 };
  const [found] = diagnosed({ ...healthy, sampling });
  expect([found.id, found.severity, found.certainty]).toEqual(["sampled-outside-map", "warning", "possible"]);
});

it("a refinement that is not the identity is a fault of fresh weights alone", () => {
  const refinement = { pose: 0.1, shape: 0.1, jointsMm: 2, heads: 0.1 };
  const changed = { ...healthy, prediction: { ...healthy.prediction, refinement } };
  expect(ids(changed)).toEqual(["refinement-starts-perturbed"]);
  expect(ids({ ...changed, isFresh: false })).toEqual([]);
});

it("a loss that nothing explains, and a total that is not its terms' sum, are unexplained", () => {
  const terms = healthy.losses.terms.map(({ reading, ...term }) =>
    term.term === "loss_2d" ? { ...term, found: 1.37 * term.expected } : { ...term, reading },
  );
  expect(ids({ ...healthy, losses: { ...healthy.losses, terms } })).toEqual(["loss-unexplained"]);
  const total = healthy.losses.weighted * 1.01;
  expect(ids({ ...healthy, losses: { ...healthy.losses, total } })).toEqual(["loss-unexplained"]);
});

it("a wrist that is never subtracted is the same finding as one that is twice", () => {
  const terms = healthy.losses.terms.map((term) =>
    term.term === "loss_3d_joint" ? { ...term, reading: { ...term.reading!, truthRootTimes: 0 as const } } : term,
  );
  const [found] = diagnosed({ ...healthy, losses: { ...healthy.losses, terms } });
  expect([found.id, found.title]).toEqual(["double-centring", "The ground truth's wrist is not subtracted"]);
});

it("equal rotations that cost something are compared as something else", () => {
  const [found] = diagnosed({ ...healthy, losses: { ...healthy.losses, auxOfEqual: 0.5 } });
  expect([found.id, found.certainty]).toEqual(["aux-compares-axis-angle", "likely"]);
});

it("a sample that depends on its batch is shown", () => {
  const [found] = diagnosed({ ...healthy, batchChange: { jointsMm: 3, xyPx: 0.1, sample: "SYA0/0001" } });
  expect([found.id, found.link]).toEqual(["batch-changes-sample", "#/inspect?sample=SYA0/0001"]);
});

it("terms without influence and slopes that disagree are found by the expensive probes", () => {
  const share = (term: "loss_2d" | "loss_3d_joint" | "shape_prior", part: number) => ({
    term,
    norm: part,
    share: part,
  });
  const shares = [share("loss_2d", 0.002), share("loss_3d_joint", 0.998), share("shape_prior", 0)];
  expect(ids({ ...healthy, shares })).toEqual(["loss-shares"]);
  expect(
    ids({ ...healthy, shares: [share("loss_2d", 0.4), share("loss_3d_joint", 0.6), share("shape_prior", 0)] }),
  ).toEqual([]);
  const slopes = [
    { module: "vit_backbone.blocks", backward: 1, difference: 1.05 },
    { module: "vit_backbone.dec_pose", backward: 2, difference: -0.5 },
  ];
  const [found] = diagnosed({ ...healthy, slopes });
  expect(found.id).toBe("gradient-wrong");
  expect(found.sentence).toContain("vit_backbone.dec_pose");
  expect(ids({ ...healthy, slopes: slopes.slice(0, 1) })).toEqual([]);
});
