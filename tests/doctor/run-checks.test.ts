import { describe, expect, it } from "vitest";
import { tiny, writeConfig } from "../../src/config";
import { Doctor } from "../../src/doctor/doctor";
import { type Diagnosis, diagnose, type Finding } from "../../src/doctor/finding";
import { Watch } from "../../src/doctor/watch";
import { learningRates } from "../../src/optim/schedule";
import type { EvaluationRecord, RunInfo, StepRecord, TrainEvent } from "../../src/train/events";
import type { EvaluationEvidence, ModuleEvidence, StepEvidence } from "../../src/train/run-evidence";
import { evaluationRecord, stepRecord } from "../helpers/scripted-rank";

const STEPS = 400;
const base = tiny();
const config = {
  ...base,
  loss: { w2d: 5, w3dJoint: 2, w3dVert: 1, wPrior: 0, wAux: 1 },
  optim: { ...base.optim, lrBackbone: 1e-4 },
};
const { lr: lrHead, lrBackbone, minLr, warmupSteps } = config.optim;
const schedule = { lrHead, lrBackbone, minLr, warmupSteps, totalSteps: STEPS };

const started = (change: Partial<RunInfo> = {}): TrainEvent => ({
  type: "started",
  run: {
    ...{ name: "test", preset: "tiny", adapter: "", softwareAdapter: true, hand: "", data: "", parameters: 1 },
    ...{ trainSamples: 64, valSamples: 8, batch: 16, microBatches: 4, ranks: 2, stepsPerEpoch: 4, totalSteps: STEPS },
    ...{ plan: "", memoryBytes: 0, configYaml: writeConfig(config), quirks: [] },
    ...change,
  },
});

const step = (at: number, change: Partial<StepRecord> = {}): TrainEvent => {
  const { head, backbone } = learningRates(schedule, at - 1);
  return { type: "step", record: { ...stepRecord(at), lr: head, lr_backbone: backbone, ...change } };
};

const module = (name: string, change: Partial<ModuleEvidence> = {}): ModuleEvidence => ({
  ...{ name, parameters: 1000, gradient: 0.1, weight: 1, update: 1e-3, nonFinite: 0 },
  group: name.startsWith("vit") ? "backbone" : "head",
  ...change,
});

const measured = (at: number, modules: readonly ModuleEvidence[], change: Partial<StepEvidence> = {}): TrainEvent => {
  const { losses, in_map_share, grad_norm } = stepRecord(at);
  const { head: lr, backbone: lr_backbone } = learningRates(schedule, at - 1);
  const counts = { parameters: modules.length, still: 0, stillWithGradient: [] };
  const evidence: StepEvidence = {
    kind: "step",
    ...{ step: at, modules, ...counts, grad_norm, clip_factor: 1, lr, lr_backbone, losses, in_map_share },
  };
  return { type: "evidence", evidence: { ...evidence, ...change } };
};

const evaluation = (at: number, change: Partial<EvaluationRecord> = {}): TrainEvent => ({
  type: "evaluation",
  record: { ...evaluationRecord(at), ...change },
});

const counted = (at: number, change: Partial<EvaluationEvidence> = {}): TrainEvent => ({
  type: "evidence",
  evidence: {
    ...{ kind: "evaluation", step: at, expected: 8, samples: 8, duplicates: 0, nonFinite: 0, scored: 8, collapsed: 0 },
    ...{ nonFiniteIds: [], ranks: 2, ...change },
  },
});

function findings(...events: readonly TrainEvent[]): readonly Diagnosis[] {
  const doctor = new Doctor();
  for (const event of [started(), ...events]) doctor.see(event);
  return doctor.diagnoses();
}
const ids = (...events: readonly TrainEvent[]): string[] => findings(...events).map(({ id }) => id);
const steps = (to: number, change: (at: number) => Partial<StepRecord> = () => ({}), from = 1): TrainEvent[] =>
  Array.from({ length: to - from + 1 }, (_, i) => step(from + i, change(from + i)));
const MODULES = [module("vit_backbone.blocks.0"), module("gcn_refinement.pose_head")];
const MEASURED = [1, 2, 3, 20, 40, 120, 140, 160, 180, 200];

describe("checks of a run", () => {
  it("find nothing in a run that learns", () => {
    const healthy = [
      ...steps(200),
      ...MEASURED.map((at) => measured(at, MODULES)),
      ...[20, 40, 60, 80].flatMap((at) => [counted(at), evaluation(at)]),
    ];
    expect(ids(...healthy)).toEqual([]);
  });

  it("read the learning rates of two faults at once, and name a schedule that is none of theirs", () => {
    const both = learningRates({ ...schedule, warmupSteps: 0, lrBackbone: 0 }, 0);
    expect(ids(step(1, { lr: both.head, lr_backbone: both.backbone })).sort()).toEqual([
      "frozen-backbone",
      "no-warmup",
    ]);
    const again = steps(
      103,
      (at) => {
        const { head, backbone } = learningRates({ ...schedule, lrHead: lrBackbone }, at - 101);
        return { lr: head, lr_backbone: backbone };
      },
      101,
    );
    expect(ids(...again).sort()).toEqual(["lr-restarted", "one-learning-rate"]);
    expect(ids(...steps(3, () => ({ lr: 0.007 })))).toEqual(["schedule-differs"]);
    expect(ids(...steps(110, () => ({}), 101))).toEqual([]);
  });

  it("see gradients that are scaled up, and those that are nearly always clipped", () => {
    const up = measured(1, MODULES, { grad_norm: 0.25, clip_factor: 4 });
    const [finding] = findings(step(1), up, step(2), measured(2, MODULES, { grad_norm: 4, clip_factor: 0.25 }));
    expect(finding).toMatchObject({ id: "gradients-rescaled", severity: "serious", certainty: "certain" });
    expect(finding.sentence).toContain("every step leaves with a norm of 1");
    const clipped = measured(1, MODULES, { grad_norm: 100, clip_factor: 0.2 });
    expect(ids(step(1), clipped)).toEqual([]);
    expect(ids(...steps(60, (at) => ({ clipped: at > 3 })))).toEqual(["mostly-clipped"]);
    expect(ids(...steps(60, (at) => ({ clipped: at < 50 })))).toEqual([]);
  });

  it("see modules that stay, that get no gradient, and that move by too little", () => {
    const still = [MODULES[0], module("gcn_refinement.pose_head", { update: 0 })];
    expect(ids(measured(1, still))).toEqual([]);
    expect(ids(measured(1, still), measured(2, still))).toEqual(["refiner-not-optimised"]);
    expect(ids(measured(1, still), measured(2, MODULES))).toEqual([]);
    const frozen = MODULES.map((each) => ({ ...each, update: 0 }));
    expect(findings(measured(1, frozen), measured(2, frozen))[0]).toMatchObject({
      id: "frozen-weights",
      severity: "fatal",
    });
    const dead = [MODULES[0], module("vit_backbone.dec_cam", { gradient: 0 })];
    expect(ids(...MEASURED.slice(0, 5).map((at) => measured(at, dead)))).toEqual(["dead-gradient"]);
    const depth = [MODULES[0], module("modality_fusion.depth_embed", { gradient: 0 })];
    expect(ids(...MEASURED.slice(0, 5).map((at) => measured(at, depth)))).toEqual([]);
    const slow = [MODULES[0], module("gcn_refinement.pose_head", { update: 1e-7 })];
    expect(ids(...MEASURED.map((at) => measured(at, slow)))).toEqual(["update-too-small"]);
  });

  it("see metrics that cannot be", () => {
    const { baselines } = evaluationRecord(1);
    const zero = { mpjpe_mm: baselines.zero_pose.mpjpe_mm, pa_mpjpe_mm: baselines.zero_pose.pa_mpjpe_mm };
    expect(ids(evaluation(1, zero))).toEqual(["zero-predictor"]);
    expect(ids(evaluation(1, { pa_mpjpe_mm: 40 }))).toEqual(["metric-impossible"]);
    expect(ids(evaluation(1, { mpjpe_mm: 10, pa_mpjpe_mm: 14 }))).toEqual(["metric-impossible"]);
    expect(ids(evaluation(1, { mpjpe_mm: 0.2, pa_mpjpe_mm: 0.22 }))).toEqual([]);
    const same = { mpjpe_mm: 50.5, pa_mpjpe_mm: 20.25 };
    expect(findings(evaluation(1, same), evaluation(5, same))[0]).toMatchObject({
      id: "metric-constant",
      certainty: "likely",
    });
    expect(findings(...[1, 5, 9].map((at) => evaluation(at, same)))[0].certainty).toBe("certain");
    expect(ids(evaluation(5, same), evaluation(5, same))).toEqual([]);
    const mean = { mpjpe_mm: 52.65, pa_mpjpe_mm: 19.41 };
    const near = [0, 1, 2].map((i) => evaluation(10 * i + 1, { ...mean, mpjpe_mm: 52.61 + 0.02 * i }));
    expect(ids(...near.slice(0, 2))).toEqual([]);
    expect(ids(...near)).toEqual(["mean-predictor"]);
    expect(ids(counted(3, { collapsed: 8 }))).toEqual(["prediction-collapsed"]);
  });

  it("count what was evaluated", () => {
    expect(findings(counted(3, { samples: 4, scored: 4 }))[0]).toMatchObject({
      id: "evaluated-on-one-rank",
      certainty: "certain",
    });
    expect(ids(counted(3, { expected: 7, duplicates: 1 }))).toEqual(["samples-counted-twice"]);
    expect(ids(counted(3, { nonFinite: 2, scored: 8 }))).toEqual(["nan-scored-as-zero"]);
    expect(ids(counted(3, { nonFinite: 2, scored: 6, nonFiniteIds: ["a/1", "a/2"] }))).toEqual([
      "prediction-not-finite",
    ]);
  });

  it("compare losses with each other", () => {
    const off = { losses: { ...stepRecord(2).losses, total_loss: 7 } };
    expect(ids(step(1), step(2, off))).toEqual(["loss-does-not-add-up"]);
    expect(ids(step(1), step(2, { losses: stepRecord(1).losses }))).toEqual(["losses-repeated"]);
    const scaled = (factor: number): TrainEvent[] => [
      ...steps(60),
      ...[60, 61, 62].map((at) => {
        const { losses } = stepRecord(at);
        return evaluation(at, { losses: { ...losses, total_loss: factor * losses.total_loss } });
      }),
    ];
    expect(ids(...scaled(1))).toEqual([]);
    expect(ids(...scaled(0.1))).toEqual(["validation-leak"]);
    expect(findings(...scaled(20))[0]).toMatchObject({ id: "train-validation-gap", severity: "note" });
    expect(ids(step(1), step(2, { non_finite: 3 }))).toEqual(["non-finite"]);
  });
});

describe("the doctor", () => {
  const constant = (at: number): TrainEvent => evaluation(at, { mpjpe_mm: 50, pa_mpjpe_mm: 20 });

  it("tells only what is new, and since when", () => {
    const doctor = new Doctor();
    expect(doctor.see(started())).toBeUndefined();
    expect(doctor.see(step(1))).toEqual([]);
    expect(doctor.see(step(2, { non_finite: 1 }))).toHaveLength(1);
    expect(doctor.see(step(3, { non_finite: 1 }))).toBeUndefined();
    expect(doctor.diagnoses()[0]).toMatchObject({ id: "non-finite", since: "step 2" });
    expect(doctor.diagnoses()[0].sentence).toContain("2 of 3 steps");
    expect(doctor.shouldStop()).toBeUndefined();
  });

  it("ends a run once, unless told to go on", () => {
    const run = (ignore: readonly string[]): { readonly told: TrainEvent[]; readonly stops: number } => {
      const told: TrainEvent[] = [];
      let stops = 0;
      const watch = new Watch({ ignore, tell: (event) => void told.push(event), stop: () => void stops++ });
      for (const event of [started(), ...[1, 5, 9, 13].map(constant)]) watch.see(event);
      return { told, stops };
    };
    const ended = run([]);
    expect(ended.stops).toBe(1);
    const told = ended.told.map((event) =>
      event.type === "findings" ? event.diagnoses.map((d) => [d.id, d.certainty]) : event.type,
    );
    expect(told).toEqual([[["metric-constant", "likely"]], [["metric-constant", "certain"]], "log"]);
    expect(run(["metric-constant"])).toEqual({ told: [], stops: 0 });
  });

  it("goes silent with a sentence when it fails itself", () => {
    const told: TrainEvent[] = [];
    const watch = new Watch({ tell: (event) => void told.push(event), stop: () => undefined });
    for (const event of [started({ configYaml: "preset: none" }), constant(1), constant(2)]) watch.see(event);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      type: "log",
      line: expect.stringMatching(/no longer checked: .*training goes on/s),
    });
  });

  it("leaves out what ignored causes alone explain", () => {
    const finding = (id: string, explains: readonly string[] = []): Finding => ({
      ...{ id, severity: "serious", certainty: "certain", title: id, sentence: "", evidence: [] },
      ...{ causes: [], remedy: "", samples: [], explains },
    });
    const all = [finding("a", ["b"]), finding("b", ["c"]), finding("c"), finding("d", ["e"]), finding("e")];
    expect(diagnose(all, new Set(["a"])).map(({ id }) => id)).toEqual(["d"]);
    expect(diagnose([...all, finding("f", ["b"])], new Set(["a"])).map(({ id }) => id)).toEqual(["d", "f"]);
  });
});
