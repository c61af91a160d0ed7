/** A rank that trains nothing: it says what it is told to, so that pages can be tested without a GPU. */
import { METRIC_NAMES, type MetricName } from "../../src/metrics/judge";
import type { RankApi, StartOptions, StoredRun } from "../../src/ranks/api";
import type { RunNotes, RunSummary } from "../../src/ranks/run-summary";
import type {
  EvaluationRecord,
  FaultRecord,
  KernelRow,
  MemoryReport,
  Peaks,
  ProfileReport,
  RunInfo,
  SampleView,
  StepRecord,
  TrainEvent,
} from "../../src/train/events";
import type { Diagnosis } from "../../src/train/findings";
import { keptName } from "../../src/train/inspect/kept-place";
import type { LookAbout, SavedLook } from "../../src/train/inspect/look-file";
import type { InspectApi, KeptPlace, LookView } from "../../src/train/inspect/types";
import type { StepTimes } from "../../src/train/ranks";

/** A falling loss with a wave in it; the same for the same step. */
export function stepRecord(step: number): StepRecord {
  const wave = 1 + 0.25 * Math.sin(step * 2.7) * Math.cos(step * 1.3);
  const decay = (start: number, rate: number) => start * wave * Math.exp(-rate * step) + 0.03 * start;
  const losses = {
    loss_2d: decay(0.21, 0.03),
    loss_3d_joint: decay(0.045, 0.025),
    loss_3d_vert: decay(0.043, 0.022),
    shape_prior: decay(0.0021, 0.004),
    loss_aux: decay(0.34, 0.035),
    total_loss: 0,
  };
  losses.total_loss = 5 * losses.loss_2d + 2 * losses.loss_3d_joint + losses.loss_3d_vert + losses.loss_aux;
  return {
    step,
    epoch: Math.floor((step - 1) / 5),
    split: "train",
    losses,
    lr: 3e-4 * Math.min(1, step / 6) * (0.5 + 0.5 * Math.cos((Math.PI * step) / 70)),
    lr_backbone: 1e-4,
    grad_norm: 2.4 * wave * Math.exp(-0.02 * step),
    clipped: step < 8,
    non_finite: 0,
    samples: 8,
    in_map_share: 0.97,
    ms: 412 + 40 * wave,
    host_ms: 3.1,
    ranks: 1,
  };
}

const each = (value: number): Record<MetricName, number> =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, value])) as Record<MetricName, number>;

export function evaluationRecord(step: number): EvaluationRecord {
  const mpjpe = 22 + 48 * Math.exp(-0.03 * step);
  return {
    step,
    epoch: Math.floor(step / 5),
    split: "val",
    samples: 8,
    non_finite: 0,
    ...each(0.5),
    mpjpe_mm: mpjpe,
    pa_mpjpe_mm: 0.48 * mpjpe,
    meshes: 8,
    mpvpe_mm: 1.02 * mpjpe,
    pa_mpvpe_mm: 0.5 * mpjpe,
    n: each(8),
    refused: [],
    losses: stepRecord(step).losses,
    baselines: { zero_pose: { mpjpe_mm: 61.3, pa_mpjpe_mm: 24.8 }, mean_pose: { mpjpe_mm: 52.6, pa_mpjpe_mm: 19.4 } },
    ms: 830,
  };
}

/** Milliseconds of a step of a group, in which rank 1 computes for longer than the others. */
export function stepTimes(ranks: number, step: number): StepTimes[] {
  return Array.from({ length: ranks }, (_, rank) => {
    const late = rank === 1 ? 60 : 0;
    return {
      dataMs: 4 + (step % 3),
      computeMs: 260 + late + 3 * rank,
      readMs: 38,
      reduceMs: 12,
      waitMs: 64 - late + 2 * (step % 2),
      updateMs: 9,
      overlap: 0.75,
    };
  });
}

/** A run of ten steps on synthetic hands. */
export function runSummary(name: string): RunSummary {
  return {
    ...{ name, preset: "tiny", data: "synthetic, 24 frames, seed 1", hand: "OpenHand", adapter: "SwiftShader" },
    ...{ steps: 10, stepsPerEpoch: 5, seconds: 42, ranks: 1, findings: 0, notes: { tags: [] } },
    ...{ unread: [], checkpoints: [5, 10] },
    ...{ bestMpjpe: { mm: 40, step: 5, n: 8 }, bestPa: { mm: 20, step: 10, n: 8 } },
    ...{ lastMpjpe: { mm: 44, step: 10, n: 8 }, lastPa: { mm: 20, step: 10, n: 8 } },
    configYaml: `preset: tiny\nrun:\n  seed: ${name.length}\n`,
  };
}

/** A rank whose worker was ended, and that the group went on without. */
export function faultRecord(step: number, rank = 1): FaultRecord {
  return {
    step,
    replayed: 2,
    rank,
    reason: "worker-ended",
    text: `rank ${rank}: its worker ended in step ${step + 1}`,
    action: `1 of 2 ranks went on from step ${step}, rank ${rank} is started again`,
    detected_ms: 312,
    recovered_ms: 148,
    ranks_before: 2,
    ranks_after: 1,
  };
}

/** Three findings as the doctor tells them: one that ends a run, with a symptom and a change; a serious one; a note. */
export function diagnoses(): readonly Diagnosis[] {
  const order: Diagnosis = {
    id: "joint-order",
    severity: "fatal",
    certainty: "certain",
    title: "The joints of prediction and ground truth are in different orders",
    sentence:
      "With the labels' joints in another order the error falls from 41.2 to 3.1 mm: 16 of 21 joints are compared with others.",
    evidence: [
      { what: "mean error, joint by joint", found: 41.23, expected: "below 1", unit: "mm", n: 168 },
      { what: "joints out of place", found: "16 of 21", expected: "0 of 21" },
    ],
    causes: [
      "the hand model gives MANO's order (thumb last), the labels OpenPose's (thumb first)",
      "labels of another data set were read with HO-3D's order",
    ],
    remedy: "Permute the model's joints into OpenPose's order before any loss. Here: leave out quirk mano-thumb-first.",
    change: { withoutQuirks: ["mano-thumb-first"], set: { "optim.clip": "0.5" } },
    samples: ["synthetic/0003", "synthetic/0007"],
    link: "#/inspect?sample=synthetic/0003",
    since: "before the first step",
    symptoms: [],
  };
  const leak: Diagnosis = {
    ...order,
    id: "split-leak",
    severity: "serious",
    certainty: "likely",
    title: "Validation shares its sequences with training",
    sentence: "7 of 8 validation frames have a neighbour in training: the error on them says nothing about new hands.",
    evidence: [{ what: "validation frames of a sequence that is trained on", found: 7, expected: "0", n: 8 }],
    causes: ["frames were split at random"],
    remedy: "Split by sequence: data.splitBy=sequence.",
    change: undefined,
    samples: [],
    since: "step 4",
  };
  const { symptoms: _, ...symptom } = { ...leak, id: "three-d-stuck", title: "The 3D losses do not fall" };
  const note = { ...leak, id: "boxes-from-truth", severity: "note", title: "Boxes come from the labels" } as const;
  return [{ ...order, symptoms: [symptom] }, leak, note];
}

export function runInfo(options: StartOptions, totalSteps: number): RunInfo {
  return {
    name: options.name,
    preset: "tiny",
    adapter: "SwiftShader Device (LLVM 16.0.0)",
    softwareAdapter: true,
    hand: "OpenHand, 778 vertices",
    data: "48 rendered frames, seed 1",
    parameters: 1_048_322,
    trainSamples: 40,
    valSamples: 8,
    batch: 8,
    microBatches: 4,
    ranks: options.ranks ?? 1,
    stepsPerEpoch: 5,
    totalSteps,
    plan: "212 dispatches, 31 pipelines, 48.1 MiB of activations",
    memoryBytes: 71.4 * 2 ** 20,
    configYaml: "steps: 60\n",
    quirks: [],
  };
}

/** 21 joints of an open hand in millimetres from the wrist, bent by `bend` radians per joint. */
function hand(bend: number): Float32Array {
  const joints = new Float32Array(63);
  const fingers = [
    { base: [-28, -22, -8], heading: -0.75, lengths: [34, 30, 24] },
    { base: [-24, -88, 0], heading: -0.14, lengths: [40, 24, 20] },
    { base: [-2, -92, 0], heading: 0, lengths: [44, 28, 22] },
    { base: [17, -86, 2], heading: 0.12, lengths: [40, 26, 21] },
    { base: [34, -76, 5], heading: 0.28, lengths: [32, 19, 18] },
  ];
  fingers.forEach(({ base, heading, lengths }, finger) => {
    const at = [...base];
    joints.set(at, 3 * (1 + 4 * finger));
    lengths.forEach((length, part) => {
      const angle = bend * (part + 1);
      at[0] += length * Math.sin(heading) * Math.cos(angle);
      at[1] -= length * Math.cos(heading) * Math.cos(angle);
      at[2] -= length * Math.sin(angle);
      joints.set(at, 3 * (2 + 4 * finger + part));
    });
  });
  return joints;
}

/** A gradient with a blob for each joint; prediction and truth differ by how little was trained. */
export function sampleView(split: "train" | "val", index: number, step: number): SampleView {
  const [width, height] = [96, 128];
  const wrong = Math.exp(-0.03 * step);
  const joints3dTrue = hand(0.25 + 0.06 * index);
  const joints3dPredicted = hand(0.25 + 0.06 * index + 0.5 * wrong).map((v, i) => v + 8 * wrong * Math.sin(i));
  const place = (joints: Float32Array) => {
    const out = new Float32Array(42);
    for (let j = 0; j < 21; j++) {
      out[2 * j] = 48 + (0.5 * joints[3 * j]) / (1 + joints[3 * j + 2] / 900);
      out[2 * j + 1] = 112 + (0.55 * joints[3 * j + 1]) / (1 + joints[3 * j + 2] / 900);
    }
    return out;
  };
  const jointsTrue = place(joints3dTrue);
  const rgb = new Uint8ClampedArray(3 * width * height);
  const depth = new Uint8ClampedArray(width * height).fill(255);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    let nearest = 1e9;
    for (let j = 0; j < 21; j++)
      nearest = Math.min(nearest, Math.hypot(jointsTrue[2 * j] - x, jointsTrue[2 * j + 1] - y));
    const isHand = nearest < 7 || Math.hypot(46 - x, 0.8 * (88 - y)) < 22;
    rgb.set(isHand ? [205 - 3 * nearest, 150 - 2 * nearest, 125 - 2 * nearest] : [60 + x / 3, 66 + y / 4, 78], 3 * i);
    if (isHand) depth[i] = 70 + 6 * nearest + y / 3;
  }
  const jointsPredicted = place(joints3dPredicted);
  const vertices = new Float32Array(2 * 60);
  const faces = new Uint32Array(3 * 20);
  for (let bone = 0; bone < 20; bone++) {
    const joint = bone + 1;
    const parent = bone % 4 === 0 ? 0 : bone;
    vertices.set([jointsPredicted[2 * joint] - 3, jointsPredicted[2 * joint + 1]], 6 * bone);
    vertices.set([jointsPredicted[2 * joint] + 3, jointsPredicted[2 * joint + 1]], 6 * bone + 2);
    vertices.set([jointsPredicted[2 * parent], jointsPredicted[2 * parent + 1]], 6 * bone + 4);
    faces.set([3 * bone, 3 * bone + 1, 3 * bone + 2], 3 * bone);
  }
  return {
    id: `synthetic/${String(index).padStart(4, "0")}`,
    split,
    step,
    width,
    height,
    rgb,
    depth,
    jointsTrue,
    jointsPredicted,
    confidence: new Float32Array(21).fill(1),
    vertices,
    faces,
    joints3dTrue,
    joints3dPredicted,
    mpjpe_mm: 22 + 48 * wrong,
    pa_mpjpe_mm: 10 + 20 * wrong,
  };
}

export function profileReport(): ProfileReport {
  const kernels: readonly (readonly [string, number, number])[] = [
    ["layer-norm", 0.21, 2e6],
    ["linear", 2.4, 3.2e8],
    ["attention", 1.9, 1.6e8],
    ["gelu", 0.3, 8e6],
    ["add", 0.08, 0],
  ];
  const rows: KernelRow[] = [];
  for (const pass of ["forward", "backward"] as const) {
    for (let block = 0; block < 4; block++) {
      for (const [kernel, ms, flops] of kernels) {
        const factor = (pass === "backward" ? 2.1 : 1) * (1 + 0.07 * block);
        rows.push({
          index: rows.length,
          plan: "train",
          kernel: pass === "backward" ? `${kernel}.backward` : kernel,
          scope: `vit_backbone.blocks.${block}.${kernel === "attention" ? "attn" : "mlp"}`,
          pass,
          workgroups: [96, 12, 1],
          constants: "ROWS 1680, COLUMNS 96",
          ...timed(ms * factor, kernel === "add" ? 1 : 0),
          flops: flops * factor,
          bytes: 3e6 * factor,
        });
      }
    }
  }
  rows.push({
    index: rows.length,
    plan: "update",
    kernel: "adamw",
    scope: "",
    pass: "update",
    workgroups: [4096, 1, 1],
    constants: "",
    ...timed(1.2, 0),
    flops: 1.2e7,
    bytes: 2.8e7,
  });
  const stepMs = rows.reduce((sum, { pass, ms }) => sum + (pass === "update" ? ms : 4 * ms), 0);
  const shaders = [0, 1].map(
    (i) => `// Text ${i}.\n@compute @workgroup_size(64)\nfn forward() {\n  y[0] = ${i}.0;\n}\n`,
  );
  const host = { recordMs: 2.1, submitMs: 0.4, readMs: 58 };
  return {
    ...{ adapter: "SwiftShader", clock: "timestamp-query", active: 5, warmUp: 1, microBatches: 4 },
    ...{ stepMs, rows, host, memory: memoryReport(), shaders },
  };
}

/** A third faster and a quarter slower at the extremes. */
function timed(ms: number, shader: number) {
  const binding = { name: "x", tensor: "blocks.0.x", shape: [1680, 96], dtype: "f32", kind: "temp" } as const;
  const bindings = [
    { ...binding, access: "read", bytes: 645_120 },
    { ...binding, name: "y", tensor: "blocks.0.y", access: "read_write", bytes: 645_120 },
  ] as const;
  return {
    ms,
    minMs: 0.7 * ms,
    maxMs: 1.25 * ms,
    timings: 5,
    bindings,
    dims: { size: 161_280 },
    shader,
    entryPoint: "forward",
  };
}

/** Five tensors in three buffers, of which two share one. */
function memoryReport(): MemoryReport {
  const mib = 2 ** 20;
  const tensors = [
    { name: "image", bytes: 2 * mib, slot: 0, first: 0, last: 40, isKept: true },
    { name: "blocks.0.x", bytes: 4 * mib, slot: 1, first: 0, last: 9, isKept: false },
    { name: "blocks.1.x", bytes: 3 * mib, slot: 1, first: 10, last: 30, isKept: false },
    { name: "blocks.0.y", bytes: 5 * mib, slot: 2, first: 4, last: 36, isKept: false },
  ];
  const totals = {
    ...{ parameters: 4 * mib, gradients: 4 * mib, moments: 8 * mib, activations: 11 * mib, evaluation: 9 * mib },
    ...{ constants: 3 * mib, rest: 6 * mib, allocated: 45 * mib, peak: 52 * mib },
  };
  return { totals, slots: [2 * mib, 4 * mib, 5 * mib], unshared: 14 * mib, tensors };
}

/** A RankApi that records what was asked of it; `say` sends an event to the page. */
export class ScriptedRank implements RankApi {
  readonly calls: string[] = [];
  stored: StoredRun[] = [];
  runFiles: { path: string; bytes: Uint8Array<ArrayBuffer> }[] = [];
  readonly filesOf = new Map<string, { path: string; bytes: Uint8Array<ArrayBuffer> }[]>();
  readonly summaries = new Map<string, RunSummary>();
  options: StartOptions | undefined;
  say: (event: TrainEvent) => void = () => undefined;
  private end: () => void = () => undefined;
  private fail: (error: Error) => void = () => undefined;

  async ping(): Promise<void> {}

  start(options: StartOptions, onEvent: (event: TrainEvent) => void): Promise<void> {
    this.calls.push("start");
    this.options = options;
    this.say = onEvent;
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }

  /** Says all that a run of `steps` steps says before its end. */
  train(steps: number): void {
    this.say({ type: "started", run: runInfo(this.options!, steps) });
    const ranks = this.options!.ranks ?? 1;
    const adapter = "SwiftShader Device (LLVM 16.0.0)";
    for (let rank = 0; rank < ranks; rank++) {
      this.say({
        type: "rank",
        status: { rank, state: "training", text: `training as rank ${rank} of ${ranks}`, adapter },
      });
    }
    for (let step = 1; step <= steps; step++) {
      this.say({ type: "step", record: { ...stepRecord(step), ranks } });
      this.say({ type: "times", step, times: stepTimes(ranks, step) });
      if (step % 10 === 0) this.evaluate(step);
    }
    this.say({ type: "sample", view: sampleView("train", 3, steps) });
  }

  evaluate(step: number): void {
    const record = evaluationRecord(step);
    this.say({ type: "evaluation", record });
    this.say({ type: "log", line: `Evaluated on ${record.samples} samples from all 1 ranks` });
    const [mpjpe, pa] = [record.mpjpe_mm?.toFixed(3), record.pa_mpjpe_mm?.toFixed(3)];
    this.say({ type: "log", line: `Epoch ${record.epoch}: MPJPE: ${mpjpe} mm, PA-MPJPE: ${pa} mm` });
  }

  /** Rank 1 is lost after `step`, and the group goes on without it. */
  lose(step: number): void {
    const record = faultRecord(step);
    this.say({ type: "rank", status: { rank: 1, state: "lost", text: "its worker ended" } });
    this.say({ type: "fault", record });
  }

  /** The doctor ends the run after `step`, as its supervisor tells it. */
  condemn(step: number): void {
    this.say({ type: "findings", diagnoses: diagnoses() });
    this.finish(step, "stopped");
  }

  finish(step: number, reason: "done" | "stopped"): void {
    this.say({ type: "finished", step, reason });
    this.end();
  }

  crash(message: string): void {
    this.say({ type: "error", message });
    this.fail(new Error(message));
  }

  async pause(): Promise<void> {
    this.calls.push("pause");
    this.say({ type: "paused", step: 1 });
  }

  async resume(): Promise<void> {
    this.calls.push("resume");
  }

  async step(): Promise<void> {
    this.calls.push("step");
    this.say({ type: "paused", step: 2 });
  }

  async stop(): Promise<void> {
    this.calls.push("stop");
    this.finish(1, "stopped");
  }

  async profile(repeats: number): Promise<ProfileReport> {
    this.calls.push(`profile ${repeats}`);
    return profileReport();
  }

  async cancelProfile(): Promise<void> {
    this.calls.push("cancelProfile");
  }

  async peaks(): Promise<Peaks> {
    this.calls.push("peaks");
    return { adapter: "SwiftShader", gflops: 190, gbps: 11, bandwidthBytes: 192 * 2 ** 20, n: 3, clock: "wall clock" };
  }

  /** What the inspector is told; nothing until a test says it. */
  inspector: Partial<InspectApi> & { checkpoints?: RankApi["checkpoints"] } = {};

  async samples(...asked: Parameters<InspectApi["samples"]>): ReturnType<InspectApi["samples"]> {
    this.calls.push(`samples ${asked.join(" ")}`);
    return this.#told("samples")(...asked);
  }

  async thumbnails(...asked: Parameters<InspectApi["thumbnails"]>): ReturnType<InspectApi["thumbnails"]> {
    this.calls.push(`thumbnails ${asked.join(" ")}`);
    return this.#told("thumbnails")(...asked);
  }

  async predict(...asked: Parameters<InspectApi["predict"]>): ReturnType<InspectApi["predict"]> {
    this.calls.push(`predict ${asked.join(" ")}`);
    return this.#told("predict")(...asked);
  }

  async look(...asked: Parameters<InspectApi["look"]>): ReturnType<InspectApi["look"]> {
    this.calls.push(`look ${JSON.stringify(asked)}`);
    return this.#told("look")(...asked);
  }

  async cancelLook(): Promise<void> {
    this.calls.push("cancelLook");
  }

  async checkpoints(run: string): Promise<number[]> {
    return this.inspector.checkpoints?.(run) ?? [];
  }

  #told<K extends keyof InspectApi>(name: K): InspectApi[K] {
    const answer = this.inspector[name];
    if (!answer) throw new Error(`no answer to "${name}" is scripted`);
    return answer as InspectApi[K];
  }

  async storedRuns(): Promise<StoredRun[]> {
    return this.stored;
  }

  async files(run: string): Promise<{ path: string; bytes: Uint8Array<ArrayBuffer> }[]> {
    this.calls.push(`files ${run}`);
    return this.runFiles;
  }

  async paths(run: string): Promise<string[]> {
    return (this.filesOf.get(run) ?? this.runFiles).map(({ path }) => path);
  }

  async deleteRun(run: string): Promise<void> {
    this.calls.push(`delete ${run}`);
    this.stored = this.stored.filter((each) => each.name !== run);
  }

  /** Of `filesOf`, else of `runFiles`. */
  async readFiles(run: string, paths: readonly string[]): Promise<{ path: string; bytes: Uint8Array<ArrayBuffer> }[]> {
    this.calls.push(`read ${run}`);
    return (this.filesOf.get(run) ?? this.runFiles).filter(({ path }) => paths.includes(path));
  }

  /** Kept samples, by run and name. */
  readonly kept = new Map<string, SavedLook>();

  async keepLook(run: string, view: LookView, about: LookAbout): Promise<void> {
    this.calls.push(`keep ${run} ${keptName(view)}`);
    this.kept.set(`${run} ${keptName(view)}`, { view, about });
  }

  async dropLook(run: string, place: KeptPlace): Promise<void> {
    this.calls.push(`drop ${run} ${keptName(place)}`);
    this.kept.delete(`${run} ${keptName(place)}`);
  }

  async keptLooks(run: string): Promise<KeptPlace[]> {
    return [...this.kept].flatMap(
      ([
        key,
        {
          view: { split, index },
        },
      ]) => (key.startsWith(`${run} `) ? [{ split, index }] : []),
    );
  }

  async keptLook(run: string, place: KeptPlace): Promise<SavedLook> {
    this.calls.push(`kept ${run} ${keptName(place)}`);
    const found = this.kept.get(`${run} ${keptName(place)}`);
    if (!found) throw new Error(`run "${run}": no file looks/${keptName(place)}.json.gz in this browser's storage`);
    return found;
  }

  async summarize(run: string): Promise<RunSummary> {
    const summary = this.summaries.get(run);
    if (summary === undefined) throw new Error(`no summary of ${run}`);
    return summary;
  }

  async annotate(run: string, notes: RunNotes): Promise<void> {
    this.calls.push(`annotate ${run} ${notes.tags.join()}`);
    const summary = this.summaries.get(run);
    if (summary !== undefined) this.summaries.set(run, { ...summary, notes });
  }

  async importRun(zip: File): Promise<string> {
    this.calls.push(`import ${zip.name}`);
    return zip.name.replace(/\.zip$/, "");
  }

  async cancelImport(): Promise<void> {
    this.calls.push("cancelImport");
  }
}
