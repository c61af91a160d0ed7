/** Writes logs of each kind of trainer whose numbers follow from a simulated set of hands and a fault's arithmetic. */
import { eventFileHeader, scalarEvent } from "../../src/export/tfevents";

/** What goes wrong in the simulated training. */
export type Fault =
  | "healthy"
  | "mano-missing"
  | "zero-predictor"
  | "nan-as-zero"
  | "frozen-weights"
  | "dead-3d"
  | "rank0-only"
  | "rank0-only-old"
  | "no-samples"
  | "unit-doubled"
  | "unit-doubled-no-debug"
  | "gt-metres"
  | "prediction-scale"
  | "gt-relative"
  | "double-centring"
  | "opengl"
  | "blank"
  | "sum-stuck"
  | "three-stuck"
  | "two-stuck"
  | "permuted"
  | "not-augmented"
  | "impossible-pa"
  | "bad-sum"
  | "repeated"
  | "diverged"
  | "no-warmup"
  | "lr-restart"
  | "leak"
  | "random-split"
  | "not-pretrained";

/** Same sequence for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Simulated {
  readonly epoch: number;
  readonly lr: number;
  /** Errors of a coordinate, mm, and of a 2D coordinate, crop sides, at the epoch's iterations. */
  readonly steps: readonly {
    readonly iter: number;
    readonly e3: number;
    readonly e2: number;
    readonly prior: number;
  }[];
  readonly train: number;
  readonly val: number;
  readonly mpjpe: number;
  readonly pa: number;
}

/** Faults that show when the metric no longer falls. */
const isFloor = (fault: Fault): boolean => fault === "permuted" || fault === "not-augmented";

const BATCH = 32;
const STEPS = 585;

/** Errors over `epochs` epochs: exponential falls from a zero predictor's size, with noise, changed by the fault. */
export function simulate(fault: Fault, seed: number, epochs = isFloor(fault) ? 24 : 12, first = 0): Simulated[] {
  const random = generator(seed);
  const noise = (share: number) => 1 + share * (2 * random() - 1);
  const isNothing = ["mano-missing", "zero-predictor", "frozen-weights", "sum-stuck"].includes(fault);
  const rows: Simulated[] = [];
  for (let k = 0; k < epochs; k++) {
    const epoch = first + k;
    const at = (x: number, start: number, end: number) => end + (start - end) * Math.exp(-x / 3);
    const is3dStuck = isNothing || fault === "three-stuck" || fault === "dead-3d";
    const floor3 = isFloor(fault) ? 19 : 5;
    const floor2 = 0.018;
    const amount = fault === "frozen-weights" ? 0.0004 : 0.01;
    const e3At = (x: number) => (is3dStuck ? 38.1 : at(x, 38.1, floor3)) * noise(amount);
    const e2At = (x: number) => (isNothing || fault === "two-stuck" ? 0.2503 : at(x, 0.25, floor2)) * noise(amount);
    const isNan = (fault === "nan-as-zero" || fault === "diverged") && epoch >= 3;
    const steps = [0, 100, 200, 300, 400, 500].map((iter) => ({
      iter,
      e3: isNan ? Number.NaN : e3At(epoch + iter / STEPS),
      e2: isNan ? Number.NaN : e2At(epoch + iter / STEPS),
      prior: isNan ? Number.NaN : isNothing ? 70.4199 : 0.8 * noise(0.05),
    }));
    const value = (e3: number, e2: number) => BATCH * (0.05 * 63 * e3 + 0.01 * 42 * e2);
    const train = isNan ? Number.NaN : value(e3At(epoch + 0.5), e2At(epoch + 0.5));
    const isConstant = ["mano-missing", "zero-predictor", "frozen-weights", "dead-3d"].includes(fault);
    const isZero = ["mano-missing", "zero-predictor"].includes(fault) || (fault === "nan-as-zero" && epoch >= 3);
    const floorM = isFloor(fault) ? 46 : 19;
    const floorPa = isFloor(fault) ? 26 : 9.5;
    const moving = is3dStuck && !isConstant ? 101 * noise(0.01) : at(epoch + 1, 101, floorM) * noise(0.01);
    const movingPa = is3dStuck && !isConstant ? 47 * noise(0.01) : at(epoch + 1, 47, floorPa) * noise(0.01);
    rows.push({
      ...{ epoch, steps, train },
      lr: rate(fault, epoch),
      val: isNan ? Number.NaN : fault === "leak" ? train * 0.3 : train * (fault === "not-augmented" ? 0.7 : 1.05),
      mpjpe: isZero ? 102.152 : isConstant ? 88.713 : fault === "diverged" && isNan ? 95 * noise(0.01) : moving,
      pa: isZero ? 48.32 : isConstant ? 33.418 : fault === "impossible-pa" ? moving * 0.996 : movingPa,
    });
  }
  return rows;
}

function rate(fault: Fault, epoch: number): number {
  const cosine = (x: number) => 1e-7 + 0.5 * (1e-5 - 1e-7) * (1 + Math.cos((Math.PI * x) / 100));
  if (fault === "no-warmup") return cosine(epoch);
  if (fault === "lr-restart") return cosine(5 * epoch);
  return epoch < 5 ? (1e-5 * (epoch + 1)) / 5 : cosine(epoch - 5);
}

const Z = 612.4;
const HAND = { mean: 17.284, std: 61.7 };

/** Camera-frame statistics of a batch, as the fault makes them, mm. */
function debugNumbers(fault: Fault) {
  const unit = fault === "unit-doubled" ? 1000 : fault === "gt-metres" ? 0.001 : 1;
  const z = fault === "opengl" ? -Z : Z;
  const root = fault === "gt-relative" ? [0, 0, 0] : [31.2 * unit, -12.8 * unit, z * unit];
  const rootMean = fault === "gt-relative" ? 0 : (31.2 - 12.8 + z) / 3;
  const scale = fault === "prediction-scale" ? 1000 : fault === "mano-missing" || fault === "zero-predictor" ? 0 : 1;
  return {
    rgb: fault === "blank" || fault === "opengl" ? "[-2.118, -1.804]" : "[-2.118, 2.640]",
    gtMean: unit * (HAND.mean + rootMean),
    gtStd: unit * (fault === "gt-relative" ? HAND.std : 282.5),
    predMean: scale * 35.1,
    predStd: scale * 58.9,
    root,
    predRoot: [scale * 95.7, scale * 6.4, scale * 6.1],
    centredMean: unit * HAND.mean,
    centredStd: unit * HAND.std,
    after: fault === "double-centring" ? HAND.mean - rootMean : unit * HAND.mean,
    element: fault === "double-centring" ? 214.6 : unit === 1000 ? 38_100 : scale === 1000 ? 36_900 : 38.1,
  };
}

export interface WriteOptions {
  readonly language?: "en" | "zh";
  readonly eol?: "\n" | "\r\n";
  readonly debugLoss?: boolean;
  readonly withTqdm?: boolean;
  readonly ansi?: boolean;
  /** Loss as a mean per coordinate, as in a build whose reduction is mended; the published one sums. */
  readonly reduction?: "sum" | "mean";
}

/** The output of the original trainer for one run. */
export function originalLog(fault: Fault, seed: number, options: WriteOptions = {}): string {
  const { language = "en", eol = "\n", debugLoss = true, withTqdm = true, ansi = false, reduction = "sum" } = options;
  const rows = fault === "lr-restart" ? simulate(fault, seed, 8) : simulate(fault, seed);
  const out: string[] = [...header(fault, language)];
  for (const row of rows) out.push(...epochLines(fault, row, { language, debugLoss, withTqdm, ansi, reduction }));
  if (fault === "lr-restart") {
    out.push(
      ...header("healthy", language),
      "Resuming from checkpoints/checkpoint_epoch_8.pth",
      "Starting training...",
    );
    for (const row of simulate(fault, seed + 1, 6, 8)) {
      const again = { ...row, lr: rate("lr-restart", row.epoch - 8) };
      out.push(...epochLines(fault, again, { language, debugLoss, withTqdm, ansi, reduction }));
    }
  }
  return out.join(eol) + eol;
}

function header(fault: Fault, language: "en" | "zh"): string[] {
  const distributed = language === "zh" ? "分布式训练: 4 个 GPU" : "Distributed training on 4 GPUs";
  return [
    distributed,
    language === "zh" ? "创建数据加载器..." : "Creating data loaders...",
    ...(fault === "random-split"
      ? [
          "HO3D train split: 74993 samples (90.0% of train split)",
          "HO3D val split: 8332 samples (10.0% of train split)",
        ]
      : []),
    "Creating model...",
    ...(fault === "mano-missing" ? ["Warning: smplx not available. Please install: pip install smplx"] : []),
    "Loading pretrained ViT backbone weights from data/vitpose_backbone.pth",
    ...(fault === "not-pretrained" ? [] : ["  Loaded 386 ViT backbone weights (blocks and last_norm)"]),
    "Successfully loaded pretrained weights (backbone + embedding)",
    ...(fault === "no-warmup" || fault === "healthy"
      ? ["training: {'batch_size': 32, 'warmup_epochs': 5, 'learning_rate': 1e-05}"]
      : []),
    language === "zh" ? "开始训练..." : "Starting training...",
  ];
}

const NAMES = {
  en: ["2D keypoint loss", "3D joint loss", "Prior loss (shape)", "Aux loss", "Total loss"],
  zh: ["2D 关键点损失", "3D 关节损失", "先验损失", "辅助损失", "总损失"],
} as const;

function epochLines(fault: Fault, row: Simulated, options: Required<Omit<WriteOptions, "eol">>): string[] {
  const { language, debugLoss, withTqdm, ansi, reduction } = options;
  const out: string[] = [];
  const [open, close] = ansi ? ["\u001b[32m", "\u001b[0m"] : ["", ""];
  const { epoch } = row;
  if (epoch === 0 && fault !== "unit-doubled-no-debug") {
    const n = debugNumbers(fault);
    const f = (x: number) => x.toFixed(3);
    const tensor = (x: readonly number[]) => `tensor([${x.map((v) => v.toFixed(4)).join(", ")}], device='cuda:0')`;
    for (let k = 0; k < 3; k++) {
      out.push("", `[Debug Batch ${k}]`, `  RGB range: ${n.rgb}`, "  Depth range: [0.000, 1.000]");
      out.push(`  GT 3D joints (no conf) mean: ${f(n.gtMean)}, std: ${f(n.gtStd)}`);
      out.push(`  Pred 3D joints mean: ${f(n.predMean)}, std: ${f(n.predStd)}`);
      out.push(`  GT root joint (batch 0): ${tensor(n.root)}`, `  Pred root joint (batch 0): ${tensor(n.predRoot)}`);
      out.push(`  GT centered by root mean: ${f(n.centredMean)}, std: ${f(n.centredStd)}`);
      if (!debugLoss) continue;
      const scale = fault === "prediction-scale" ? 1000 : n.predStd === 0 ? 0 : 1;
      out.push("[Debug 3D Loss]", `  Before centering - Pred mean: ${f(n.predMean)}, std: ${f(n.predStd)}`);
      out.push(`  Before centering - GT mean: ${f(n.gtMean)}, std: ${f(n.gtStd)}`);
      out.push(`  After centering - Pred mean: ${f(scale * 12.1)}, std: ${f(n.predStd)}`);
      out.push(
        `  After centering - GT mean: ${f(n.after)}, std: ${f(fault === "double-centring" ? 290 : n.centredStd)}`,
      );
      out.push(`  Per-element loss mean: ${f(n.element)}, max: ${f(4 * n.element)}`);
      out.push(`  Loss value: ${f(n.element * (reduction === "sum" ? BATCH * 63 : 1))}`);
    }
  }
  const large =
    fault.startsWith("unit-doubled") || fault === "prediction-scale" ? 1000 : fault === "double-centring" ? 5.6 : 1;
  const n3 = reduction === "sum" ? BATCH * 63 : 1;
  const n2 = reduction === "sum" ? BATCH * 42 : 1;
  for (const [i, { iter, e3, e2, prior }] of row.steps.entries()) {
    const isRepeat = fault === "repeated" && epoch === 1;
    const l3 = isRepeat ? 73_632.9062 - i : large * n3 * e3;
    const l2 = isRepeat ? 334.8019 + i : n2 * e2;
    const shape = isRepeat ? 70.4138 : prior;
    const same = fault === "repeated" && epoch === 0;
    const values = same ? [334.8019 + i, 73_632.9062 - i, 70.4138, 0] : [l2, l3, shape, 0];
    const total = 0.01 * values[0] + 0.05 * values[1] + 0.001 * values[2];
    const shown = fault === "bad-sum" && i % 2 === 0 ? total * (reduction === "sum" ? 0.99967 : 0.98) : total;
    const [a, b, c, d, e] = NAMES[language];
    if (withTqdm) out.push(tqdm(epoch, iter, shown));
    out.push(
      language === "zh" ? `[Epoch ${epoch}, Iter ${iter}] 损失明细:` : `[Epoch ${epoch}, Iter ${iter}] Loss breakdown:`,
    );
    const lines = [
      [a, values[0]],
      [b, values[1]],
      [c, values[2]],
      [d, values[3]],
      [e, shown],
    ] as const;
    for (const [name, value] of lines) out.push(`  ${open}${name}: ${python(value)}${close}`);
  }
  const evaluated = evaluatedLine(fault, language);
  if (evaluated) out.push(evaluated);
  const scale = reduction === "sum" ? large : large / BATCH / 63;
  const [train, val] = [row.train * scale, row.val * scale].map(python);
  const lr = row.lr.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  const [mpjpe, pa, average] =
    fault === "no-samples"
      ? ["inf", "inf", "inf"]
      : [row.mpjpe, row.pa, (row.mpjpe + row.pa) / 2].map((x) => x.toFixed(3));
  if (language === "zh") {
    out.push("", `第 ${epoch} 轮: 训练损失 = ${train}, 验证损失 = ${val}, 学习率 = ${lr}`);
    out.push(`  MPJPE: ${mpjpe} mm, PA-MPJPE: ${pa} mm, 平均指标: ${average} mm`);
  } else {
    out.push("", `Epoch ${epoch}: Train Loss = ${train}, Val Loss = ${val}, LR = ${lr}`);
    out.push(`  MPJPE: ${mpjpe} mm, PA-MPJPE: ${pa} mm, Avg Metric: ${average} mm`);
  }
  return out;
}

function evaluatedLine(fault: Fault, language: "en" | "zh"): string | undefined {
  if (fault === "rank0-only-old") return undefined;
  const samples = fault === "rank0-only" ? 2083 : fault === "no-samples" ? 0 : 8332;
  return language === "zh"
    ? `  评估了 ${samples} 个样本（来自所有 4 个 GPU）`
    : `  Evaluated on ${samples} samples from all 4 GPUs`;
}

const python = (value: number): string =>
  Number.isNaN(value) ? "nan" : Number.isFinite(value) ? value.toFixed(4) : "inf";

const tqdm = (epoch: number, iter: number, loss: number): string =>
  `Epoch ${epoch}:   0%|          | 0/${STEPS} [00:00<?, ?it/s]\rEpoch ${epoch}:  ${Math.round((100 * iter) / STEPS)}%|█▋        | ${iter}/${STEPS} [00:31<02:10,  3.71it/s, loss=${loss.toExponential(2)}]\r`;

/** Lightning's output of HaMeR: a progress bar, and checkpoints. Losses in metres, summed over 8 samples. */
export function lightningLog(fault: "healthy" | "diverged", seed: number): string {
  const random = generator(seed);
  const out = ["GPU available: True (cuda), used: True", "LOCAL_RANK: 0 - CUDA_VISIBLE_DEVICES: [0]", ""];
  let best = Number.POSITIVE_INFINITY;
  for (let epoch = 0; epoch < 6; epoch++) {
    for (let n = 0; n <= 1000; n += 125) {
      const x = epoch + n / 1000;
      const loss = fault === "diverged" && x > 3 ? Number.NaN : (0.4 + 1.6 * Math.exp(-x / 2)) * (1 + 0.05 * random());
      const shown = Number.isNaN(loss) ? "nan" : loss.toFixed(3);
      out.push(
        `\rEpoch ${epoch}: ${String(Math.round(n / 10)).padStart(3)}%|████▍     | ${n}/1000 [02:10<03:00,  3.7it/s, v_num=3, train/grad_norm=${shown}, train/loss_step=${shown}, train/loss_epoch=${shown}]`,
      );
    }
    const val = 0.5 + 1.5 * Math.exp(-epoch / 2);
    best = Math.min(best, val);
    out.push(
      "",
      `Epoch ${epoch}, global step ${1000 * (epoch + 1)}: 'val/loss' reached ${val.toFixed(5)} (best ${best.toFixed(5)}), saving model to '/logs/ckpt.ckpt' as top 1`,
      "",
    );
  }
  return `${out.join("\n")}\n`;
}

/** An event file with the original's tags. */
export function eventLog(fault: Fault, seed: number): Uint8Array {
  const parts: Uint8Array[] = [eventFileHeader(1.7e9)];
  for (const row of simulate(fault, seed)) {
    for (const { iter, e3, e2, prior } of row.steps) {
      const [loss_2d, loss_3d_joint] = [BATCH * 42 * e2, BATCH * 63 * e3];
      const total_loss = (0.01 * loss_2d + 0.05 * loss_3d_joint + 0.001 * prior) * (fault === "bad-sum" ? 0.99967 : 1);
      const tags = { loss_2d, loss_3d_joint, shape_prior: prior, loss_aux: 0, total_loss };
      const named = Object.fromEntries(Object.entries(tags).map(([name, value]) => [`Train/${name}`, value]));
      parts.push(scalarEvent(row.epoch * STEPS + iter, 1.7e9 + row.epoch, named));
    }
    const { val, mpjpe, pa } = row;
    const values = {
      "Val/total_loss": val,
      "Val/mpjpe": mpjpe,
      "Val/pa_mpjpe": pa,
      "Val/avg_metric": (mpjpe + pa) / 2,
    };
    parts.push(scalarEvent(row.epoch, 1.7e9 + row.epoch, values));
  }
  return concat(parts);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export type OwnFault =
  | "healthy"
  | "frozen-backbone"
  | "mano-missing"
  | "nan-as-zero"
  | "unit-doubled"
  | "loss-sum"
  | "no-warmup"
  | "outside-map"
  | "clipped"
  | "scheduler-not-restored"
  | "val-rank0-only";

/** metrics.jsonl, log.txt and config.yaml of a run of ours. Losses are means in metres. */
export function ownRun(fault: OwnFault, seed: number): { readonly name: string; readonly text: string }[] {
  const random = generator(seed);
  const lines: string[] = [];
  const log = [
    "tiny: UTNet tiny, 1033402 parameters, hand openhand, on SwiftShader",
    "data: synthetic; 900 samples to train on, 100 to validate on, batch 16",
  ];
  const weights = { loss_2d: 0.5, loss_3d_joint: 10, loss_3d_vert: 10, shape_prior: 0.001, loss_aux: 0.5 };
  const perEpoch = 56;
  const isZero = fault === "mano-missing";
  for (let step = 1; step <= 6 * perEpoch; step++) {
    const epoch = Math.floor((step - 1) / perEpoch);
    const x = isZero ? 0 : step / perEpoch;
    const fall = (start: number, end: number) => (end + (start - end) * Math.exp(-x / 2)) * (1 + 0.05 * random());
    const isNan = fault === "nan-as-zero" && epoch >= 2;
    const factor = fault === "unit-doubled" ? 1000 : fault === "loss-sum" ? 1000 * 16 * 63 : 1;
    const losses = {
      loss_2d: fall(0.2, 0.02),
      loss_3d_joint: isNan ? null : factor * fall(0.04, 0.006),
      loss_3d_vert: fall(0.04, 0.006),
      shape_prior: fall(0.5, 0.3),
      loss_aux: fall(0.9, 0.2),
    };
    const total = isNan
      ? null
      : Object.entries(weights).reduce((sum, [name, w]) => sum + w * (losses[name as keyof typeof losses] ?? 0), 0);
    const warm = fault === "no-warmup" ? 1 : Math.min(1, step / 20);
    const again = fault === "scheduler-not-restored" && step > 4 * perEpoch ? step - 4 * perEpoch : step;
    const lr = 0.001 * warm * 0.5 * (1 + Math.cos((Math.PI * again) / (6 * perEpoch)));
    lines.push(
      JSON.stringify({
        ...{ step, epoch, split: "train", losses: { ...losses, total_loss: total }, lr },
        lr_backbone: fault === "frozen-backbone" ? 0 : lr,
        grad_norm: fall(6, 1),
        clipped: fault === "clipped",
        ...{
          non_finite: 0,
          samples: 16,
          in_map_share: fault === "outside-map" ? 0.01 : 0.97,
          ms: 80,
          host_ms: 2,
          ranks: 1,
        },
      }),
    );
    if (step % perEpoch !== 0) continue;
    const [mpjpe, pa] = isZero || isNan ? [97.421, 45.11] : [fall(95, 20), fall(44, 10)];
    const samples = fault === "val-rank0-only" ? 25 : 100;
    lines.push(
      JSON.stringify({
        ...{ step, epoch, split: "val", mpjpe_mm: mpjpe, pa_mpjpe_mm: pa, samples, non_finite: 0 },
        losses: { ...losses, total_loss: total },
        baselines: {
          zero_pose: { mpjpe_mm: 97.421, pa_mpjpe_mm: 45.11 },
          mean_pose: { mpjpe_mm: 61.2, pa_mpjpe_mm: 14.9 },
        },
      }),
    );
    log.push(`Evaluated on ${samples} samples from all ${fault === "val-rank0-only" ? 4 : 1} ranks`);
    log.push(`Epoch ${epoch}: MPJPE: ${mpjpe.toFixed(3)} mm, PA-MPJPE: ${pa.toFixed(3)} mm`);
    log.push("  baselines: zero pose 97.421 / 45.110 mm, mean pose 61.200 / 14.900 mm (MPJPE / PA-MPJPE)");
  }
  const config = [
    "preset: tiny",
    "optim:",
    "  batch: 16  # samples",
    "  lr: 0.001",
    "  lrBackbone: 0.001",
    "  warmupSteps: 20",
    "  clip: 20.0",
    "loss:",
    "  w2d: 0.5",
    "  w3dJoint: 10.0",
    "  w3dVert: 10.0",
    "  wPrior: 0.001",
    "  wAux: 0.5",
  ];
  return [
    { name: "run/config.yaml", text: `${config.join("\n")}\n` },
    { name: "run/log.txt", text: `${log.join("\n")}\n` },
    { name: "run/metrics.jsonl", text: `${lines.join("\n")}\n` },
  ];
}
