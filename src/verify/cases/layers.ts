/** Layers of the network: products, norms, attention, convolutions, graphs and sampling. */
import type { KernelStyle } from "../../gpu/kernel";
import * as F from "../../ops";
import { type Csr, csrFromDense } from "../../ops/csr";
import { type GemmLayout, gemm as recordGemm } from "../../ops/gemm";
import { GEMM_TILES } from "../../ops/gemm-tiles";
import { seeded } from "../compare";
import type { OpCase } from "../types";
import { filled, made, stage } from "./stage";

const BOTH = ["cpu", "gpu"] as const;
const EXPONENTIALS = "exponentials of float32 scores";

interface LinearChoice {
  readonly activation?: "none" | "gelu" | "relu";
  readonly hasBias?: boolean;
  readonly hasResidual?: boolean;
  readonly hasRowScale?: boolean;
  readonly isTimed?: boolean;
}

function linear(batch: number, each: number, inner: number, out: number, choice: LinearChoice = {}): OpCase {
  const { activation = "none", hasBias = true, hasResidual = false, hasRowScale = false, isTimed } = choice;
  const rows = batch * each;
  const code = { none: 0, gelu: 1, relu: 2 }[activation];
  const constants = { rows, inner, out, activation: code, rows_per_sample: hasRowScale ? each : rows };
  const pre = stage("pre", [out, rows], constants);
  const d_pre = stage("d_pre", [out, rows], constants);
  const words = [
    activation === "none" ? "" : activation,
    hasBias ? "" : "no bias",
    hasResidual ? "residual" : "",
    hasRowScale ? "drop-path" : "",
  ];
  return {
    op: "linear",
    name: [`[${rows}, ${inner}] to ${out}`, ...words].filter((word) => word !== "").join(", "),
    styles: BOTH,
    inputs: {
      x: [batch, each, inner],
      weight: [out, inner],
      ...(hasBias && { bias: [out] }),
      ...(hasResidual && { residual: [batch, each, out] }),
      ...(hasRowScale && { row_scale: [batch] }),
    },
    values: hasRowScale ? { row_scale: Array.from({ length: batch }, (_, b) => (b % 2 === 1 ? 0 : 1.25)) } : {},
    fixed: ["row_scale"],
    extra: {
      ...(!hasBias && { bias: filled(out, 0) }),
      ...(!hasResidual && { residual: filled(rows * out, 0) }),
      ...(!hasRowScale && { row_scale: filled(1, 1) }),
    },
    record: ({ x, weight, bias, residual, row_scale }) =>
      F.linear(x, weight, bias, { activation, residual, rowScale: row_scale }),
    outputs: { y: made(pre, stage("y", [out, rows], constants)) },
    gradients: {
      x: made(pre, d_pre, stage("d_x", [inner, rows], constants)),
      weight: made(pre, d_pre, stage("d_weight", [inner, out], constants)),
      ...(hasBias && { bias: made(pre, d_pre, stage("d_bias", [out], constants)) }),
      ...(hasResidual && { residual: made(stage("d_residual", [rows * out])) }),
    },
    isTimed,
  };
}

/** Tiles in workgroup memory are for GPUs. */
const styleOf = (tileName: string): KernelStyle => (tileName.startsWith("direct") ? "cpu" : "gpu");

/** One product in every tile and, where `hasSlices`, with the summed axis in slices. */
function gemm(layout: GemmLayout, m: number, n: number, k: number, hasSlices = false): OpCase[] {
  const slice = hasSlices ? 16 : Math.ceil(k / 16) * 16;
  const slices = Math.ceil(k / slice);
  const strides = {
    nn: { a_row: k, a_k: 1, b_col: 1, b_k: n },
    nt: { a_row: k, a_k: 1, b_col: k, b_k: 1 },
    tn: { a_row: 1, a_k: m, b_col: 1, b_k: n },
  }[layout];
  return Object.entries(GEMM_TILES).map(([tileName, tile]) => ({
    op: "gemm",
    styles: [styleOf(tileName)],
    name: `${layout} ${m} x ${n} x ${k}${hasSlices ? " in slices" : ""}, ${tileName}`,
    inputs: { a: layout === "tn" ? [k, m] : [m, k], b: layout === "nt" ? [n, k] : [k, n] },
    record: ({ a, b }, tape) => {
      const y = tape.scratch("y", [slices, m, n]);
      recordGemm(tape, layout, a, b, y, { m, n, k }, { tile, ...(hasSlices && { slice }) });
      return y;
    },
    outputs: { y: made(stage("y", [n, m, slices], { slice, inner: k, ...strides })) },
  }));
}

/** Products with what follows a layer, in tiles that its sizes would not choose. */
function gemmLinear(m: number, n: number, k: number, keeps: boolean): OpCase[] {
  const constants = { rows: m, inner: k, out: n, activation: 1, rows_per_sample: m };
  return Object.entries(GEMM_TILES).map(([tileName, tile]) => ({
    op: "linear",
    styles: [styleOf(tileName)],
    name: `product [${m}, ${k}] to ${n}, gelu${keeps ? ", kept before it" : ""}, ${tileName}`,
    inputs: { x: [m, k], weight: [n, k], bias: [n], residual: [m, n] },
    extra: { row_scale: filled(1, 1) },
    record: ({ x, weight, bias, residual }, tape) => {
      const y = tape.scratch("y", [m, n]);
      const pre = keeps ? tape.scratch("pre", [m, n]) : undefined;
      const epilogue = { activation: "gelu", bias, residual, pre } as const;
      recordGemm(tape, "nt", x, weight, y, { m, n, k }, { tile, epilogue });
      return pre ? [y, pre] : y;
    },
    outputs: {
      y: made(stage("pre", [n, m], constants), stage("y", [n, m], constants)),
      ...(keeps && { pre: made(stage("pre", [n, m], constants)) }),
    },
  }));
}

function layerNorm(rows: number, cols: number, isTimed = false): OpCase {
  const constants = { rows, cols, eps: 1e-6 };
  const normal = [
    stage("mean", [rows], constants),
    stage("rstd", [rows], constants),
    stage("normal", [cols, rows], constants),
  ];
  return {
    op: "layer-norm",
    name: `${rows} rows of ${cols}`,
    styles: BOTH,
    inputs: { x: [rows, cols], weight: [cols], bias: [cols] },
    record: ({ x, weight, bias }) => F.layerNorm(x, weight, bias),
    outputs: { y: made(...normal, stage("y", [cols, rows], constants)) },
    gradients: {
      x: made(...normal, stage("d_x", [cols, rows], constants)),
      weight: made(...normal, stage("d_weight", [cols], constants)),
      bias: made(stage("d_bias", [cols], constants)),
    },
    isTimed,
  };
}

function batchNorm(rows: number, channels: number, training: boolean, relu: boolean): OpCase {
  const constants = { rows, channels, eps: 1e-5, momentum: 0.1, relu: Number(relu) };
  const runningMean = seeded(channels, 11);
  const runningVar = seeded(channels, 12).map((v) => 1.5 + v);
  const statistics = training ? [stage("mean", [channels], constants), stage("variance", [channels], constants)] : [];
  const y = stage("y", [channels, rows], constants);
  const g = [...statistics, y, stage("g", [channels, rows], constants)];
  const sums = [stage("d_weight", [channels], constants), stage("d_bias", [channels], constants)];
  return {
    op: "batch-norm",
    name: `${training ? "training" : "evaluation"}, ${rows} rows of ${channels}${relu ? ", relu" : ""}`,
    inputs: {
      x: [rows, channels],
      weight: [channels],
      bias: [channels],
      running_mean: [channels],
      running_var: [channels],
      batches: [1],
    },
    values: { running_mean: runningMean, running_var: runningVar, batches: [3] },
    fixed: ["running_mean", "running_var", "batches"],
    extra: training ? {} : { mean: runningMean, variance: runningVar },
    record: ({ x, weight, bias, running_mean, running_var, batches }, tape) =>
      F.batchNorm(x, weight, bias, running_mean, running_var, {
        training,
        activation: relu ? "relu" : "none",
        numBatchesTracked: tape.reshape(batches, []),
      }),
    outputs: { y: made(...statistics, y) },
    gradients: {
      x: training
        ? made(...g, ...sums, stage("d_x", [channels, rows], constants))
        : made(...g, stage("d_x_eval", [channels, rows], constants)),
      weight: made(...g, sums[0]),
      bias: made(...g, sums[1]),
    },
    after: training
      ? {
          running_mean: made(...statistics, stage("running_mean_after", [channels], constants)),
          running_var: made(...statistics, stage("running_var_after", [channels], constants)),
          batches: made(stage("batches_after", [1])),
        }
      : {},
  };
}

function attention(batch: number, tokens: number, heads: number, dim: number, isTimed = false): OpCase {
  const constants = { tokens, heads, dim, scale: 1 / Math.sqrt(dim) };
  const width = heads * dim;
  const lse = stage("lse", [tokens, heads, batch], constants);
  const y = stage("y", [width, tokens, batch], constants);
  const delta = stage("delta", [tokens, heads, batch], constants);
  return {
    op: "attention",
    name: `${batch} x ${tokens} tokens, ${heads} heads of ${dim}`,
    styles: BOTH,
    inputs: { qkv: [batch, tokens, 3 * width] },
    values: { qkv: seeded(batch * tokens * 3 * width, 1).map((v) => 2 * v) },
    record: ({ qkv }) => F.attention(qkv, heads),
    outputs: { y: made(lse, y) },
    gradients: { qkv: made(lse, y, delta, stage("d_qkv", [width, 3, batch * tokens], constants)) },
    tolerance: 2e-5,
    reason: EXPONENTIALS,
    isTimed,
  };
}

function patchEmbed(batch: number, channels: number, down: number, across: number, side: number, out: number): OpCase {
  const [height, width, patches] = [down * side, across * side, down * across];
  const constants = { batch, channels, height, width, across, patches, side, out };
  return {
    op: "patch-embed",
    name: `${batch} images of ${channels} x ${height} x ${width} in patches of ${side}`,
    styles: BOTH,
    inputs: { image: [batch, channels, height, width], weight: [out, channels, side, side], bias: [out] },
    record: ({ image, weight, bias }) => F.patchEmbed(image, weight, bias),
    outputs: { y: made(stage("y", [out, patches, batch], constants)) },
    gradients: {
      image: made(stage("d_image", [width, height, batch * channels], constants)),
      weight: made(stage("d_weight", [side * side, channels, out], constants)),
      bias: made(stage("d_bias", [out], constants)),
    },
  };
}

function convTranspose2d(batch: number, height: number, width: number, ins: number, outs: number): OpCase {
  const constants = { batch, height, width, ins, outs };
  return {
    op: "conv-transpose2d",
    name: `${batch} maps of ${height} x ${width} x ${ins} to ${outs} channels`,
    styles: BOTH,
    inputs: { x: [batch, height, width, ins], weight: [ins, outs, 4, 4] },
    record: ({ x, weight }) => F.convTranspose2d(x, weight),
    outputs: { y: made(stage("y", [outs, 2 * width, 2 * height * batch], constants)) },
    gradients: {
      x: made(stage("d_x", [ins, width, height * batch], constants)),
      weight: made(stage("d_weight", [16, outs, ins], constants)),
    },
  };
}

/** A matrix of seeded numbers of which two of three are zero, and written out for the oracle. */
function sparse(rows: number, columns: number): { readonly csr: Csr; readonly dense: Float32Array } {
  const dense = seeded(rows * columns, 8).map((v, i) => (i % 3 === 0 ? v : 0));
  return { csr: csrFromDense(rows, columns, dense), dense };
}

function graphConv(batch: number, rows: number, columns: number, channels: number): OpCase {
  const { csr, dense } = sparse(rows, columns);
  const constants = { rows, columns, channels };
  return {
    op: "graph-conv",
    name: `[${rows}, ${columns}] on ${batch} x ${columns} vertices of ${channels}`,
    inputs: { x: [batch, columns, channels] },
    extra: { matrix: dense },
    record: ({ x }) => (channels === 3 ? F.regressJoints(x, csr) : F.graphConv(x, csr)),
    outputs: { y: made(stage("y", [channels, rows, batch], constants)) },
    gradients: { x: made(stage("d_x", [channels, columns, batch], constants)) },
  };
}

function gridSample(batch: number, height: number, width: number, channels: number, points: number): OpCase {
  const constants = { points, height, width, channels };
  // In the map, at its edge and far away; none close to an integer, where the derivative jumps.
  const pixels = seeded(batch * points * 2, 6).map((v, i) => {
    if (i % 14 === 0) return 1e6 * v;
    const at = (0.5 + 0.7 * v) * (i % 2 === 0 ? width : height) - 0.5;
    return Math.abs(at - Math.round(at)) < 2e-3 ? at + 5e-3 : at;
  });
  return {
    op: "grid-sample",
    name: `${points} points in ${batch} maps of ${height} x ${width} x ${channels}`,
    inputs: { map: [batch, height, width, channels], pixels: [batch, points, 2] },
    values: { pixels },
    record: ({ map, pixels: at }) => F.gridSample(map, at),
    outputs: { y: made(stage("y", [channels, points, batch], constants)) },
    gradients: {
      map: made(stage("d_map", [channels, width, height * batch], constants)),
      pixels: made(stage("d_pixels", [2, points, batch], constants)),
    },
  };
}

/** Cases of layers. */
export const layerCases: readonly OpCase[] = [
  linear(3, 5, 7, 9),
  linear(2, 16, 8, 12),
  linear(2, 9, 20, 33, { activation: "gelu" }),
  linear(2, 9, 20, 36, { activation: "gelu", hasResidual: true, hasRowScale: true }),
  linear(2, 5, 12, 8, { activation: "relu", hasBias: false }),
  linear(4, 5, 12, 8, { activation: "relu", hasResidual: true }),
  linear(4, 5, 12, 8, { hasResidual: true }),
  linear(4, 6, 12, 10, { hasResidual: true, hasRowScale: true }),
  linear(3, 200, 24, 20, { hasRowScale: true }),
  linear(2, 96, 128, 128, { isTimed: true }),
  ...gemm("nn", 33, 36, 20),
  ...gemm("nt", 65, 68, 24),
  ...gemm("tn", 36, 40, 35, true),
  ...gemm("nn", 9, 7, 5),
  ...gemm("tn", 7, 9, 33, true),
  ...gemmLinear(35, 36, 12, false),
  ...gemmLinear(35, 36, 12, true),
  ...gemmLinear(35, 33, 13, false),
  ...gemmLinear(35, 33, 13, true),
  layerNorm(7, 70),
  layerNorm(67, 96),
  layerNorm(384, 192, true),
  batchNorm(37, 8, true, false),
  batchNorm(300, 68, true, true),
  batchNorm(37, 8, false, false),
  batchNorm(37, 8, false, true),
  attention(2, 9, 2, 8),
  attention(1, 21, 3, 20),
  attention(1, 48, 2, 32, true),
  patchEmbed(2, 3, 2, 3, 4, 12),
  convTranspose2d(2, 3, 2, 8, 12),
  convTranspose2d(1, 2, 5, 3, 4),
  convTranspose2d(3, 8, 6, 4, 4),
  graphConv(2, 7, 13, 3),
  graphConv(3, 11, 5, 8),
  gridSample(2, 4, 3, 8, 70),
  gridSample(1, 1, 1, 4, 9),
];
