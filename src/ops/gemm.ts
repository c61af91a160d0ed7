import direct from "../../shaders/gemm.wgsl?raw";
import shared from "../../shaders/gemm-shared.wgsl?raw";
import erf from "../../shaders/lib/erf.wgsl?raw";
import any from "../../shaders/lib/gemm-any.wgsl?raw";
import block from "../../shaders/lib/gemm-block.wgsl?raw";
import forget from "../../shaders/lib/gemm-forget.wgsl?raw";
import forgetAny from "../../shaders/lib/gemm-forget-any.wgsl?raw";
import keep from "../../shaders/lib/gemm-keep.wgsl?raw";
import keepAny from "../../shaders/lib/gemm-keep-any.wgsl?raw";
import linear from "../../shaders/lib/gemm-linear.wgsl?raw";
import linearAny from "../../shaders/lib/gemm-linear-any.wgsl?raw";
import nn from "../../shaders/lib/gemm-nn.wgsl?raw";
import nt from "../../shaders/lib/gemm-nt.wgsl?raw";
import plain from "../../shaders/lib/gemm-plain.wgsl?raw";
import plainAny from "../../shaders/lib/gemm-plain-any.wgsl?raw";
import tn from "../../shaders/lib/gemm-tn.wgsl?raw";
import type { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { type Kernel, readKernels } from "../gpu/kernel";
import { chooseTile, type GemmSizes, type GemmTile } from "./gemm-tiles";

/** nn: y = a b, a [m, k], b [k, n];  nt: y = a b^T, a [m, k], b [n, k];  tn: y = a^T b, a [k, m], b [k, n]. */
export type GemmLayout = "nn" | "nt" | "tn";

/** y = residual + rowScale * activation(a b + bias); `pre` receives a b + bias. */
export interface LinearEpilogue {
  readonly activation: "none" | "gelu" | "relu";
  /** [n] */
  readonly bias?: Tensor;
  /** [m, n] */
  readonly residual?: Tensor;
  /** One number per `m / rowScale.size` rows. */
  readonly rowScale?: Tensor;
  /** [m, n] */
  readonly pre?: Tensor;
}

export interface GemmOptions {
  /** Length of a slice of k, a multiple of 16; y is then [slices, m, n], to be added by `orderedSum`. All of k by default. */
  readonly slice?: number;
  readonly epilogue?: LinearEpilogue;
  /** By default the table's choice for these sizes. */
  readonly tile?: GemmTile;
}

/** Bits of `dims.parts` in lib/gemm-linear*.wgsl. */
const PARTS = { bias: 1, relu: 2, rowScale: 4, residual: 8 } as const;

const OPERANDS = { nn, nt, tn, any };
const EPILOGUES = {
  vectors: { plain: [plain], linear: [linear, forget, erf], keep: [linear, keep, erf] },
  any: { plain: [plainAny], linear: [linearAny, forgetAny, erf], keep: [linearAny, keepAny, erf] },
};

function variant(operands: keyof typeof OPERANDS, epilogue: "plain" | "linear" | "keep"): Record<string, Kernel> {
  const texts = [block, OPERANDS[operands], ...EPILOGUES[operands === "any" ? "any" : "vectors"][epilogue]];
  const op = `gemm-${operands}-${epilogue}`;
  return { ...readKernels(op, direct, ...texts), ...readKernels(op, shared, ...texts) };
}

const kernels: Record<string, Record<string, Kernel>> = {
  "nn-plain": variant("nn", "plain"),
  "nt-plain": variant("nt", "plain"),
  "tn-plain": variant("tn", "plain"),
  "any-plain": variant("any", "plain"),
  "nt-linear": variant("nt", "linear"),
  "nt-keep": variant("nt", "keep"),
  "any-linear": variant("any", "linear"),
  "any-keep": variant("any", "keep"),
};

/**
 * Records y = a b in the given layout: [m, n], overwritten, or added to where y is a gradient already written.
 * Each element is one sum over ascending k by multiply, then add: the same bits from every tile and both styles.
 * Throws when a, b or y has another number of elements than the sizes say.
 */
export function gemm(
  tape: Tape,
  layout: GemmLayout,
  a: Tensor,
  b: Tensor,
  y: Tensor,
  sizes: GemmSizes,
  options: GemmOptions = {},
): void {
  const { m, n, k } = sizes;
  const slice = options.slice ?? Math.ceil(k / 16) * 16;
  const slices = Math.ceil(k / slice);
  for (const [name, t, size] of [
    ["a", a, m * k],
    ["b", b, k * n],
    ["y", y, slices * m * n],
  ] as const) {
    if (t.size !== size) {
      throw new Error(
        `gemm ${layout}: ${name} has ${t.size} numbers, expected ${size} for m ${m}, n ${n}, k ${k} (tensor "${t.name}")`,
      );
    }
  }
  const tile = options.tile ?? chooseTile(sizes, tape.style);
  const { epilogue } = options;
  const vectors = n % 4 === 0 && (layout === "tn" ? m : k) % 4 === 0;
  const operands = vectors && !(epilogue && layout !== "nt") ? layout : "any";
  const kind = epilogue ? (epilogue.pre ? "keep" : "linear") : "plain";
  const strides = {
    nn: { a_row: k, a_k: 1, b_col: 1, b_k: n },
    nt: { a_row: k, a_k: 1, b_col: k, b_k: 1 },
    tn: { a_row: 1, a_k: m, b_col: 1, b_k: n },
  }[layout];
  const rowsPerSample = epilogue?.rowScale ? m / epilogue.rowScale.size : 1;
  const down = Math.ceil(m / tile.rows);
  const across = Math.ceil(n / tile.cols);
  tape.dispatch(
    kernels[`${operands}-${kind}`][tile.entryPoint],
    { a, b, y, ...(epilogue ? epilogueTensors(epilogue, b) : {}) },
    { m, n, k, slice, ...strides, parts: partsOf(epilogue), rows_per_sample: rowsPerSample },
    tile.tilesPerGroup ? [Math.ceil((down * across) / tile.tilesPerGroup), 1, slices] : [across, down, slices],
    {
      constants: {
        ...(operands === "tn" ? { HAS_TAIL: Number(k % 4 !== 0) } : {}),
        ...(epilogue ? { GELU: Number(epilogue.activation === "gelu") } : {}),
      },
      flops: 2 * m * n * k,
    },
  );
}

/** Parts that a layer has not are bound to `unused`, which dims.parts keeps from being used. */
function epilogueTensors({ bias, residual, rowScale, pre }: LinearEpilogue, unused: Tensor): Record<string, Tensor> {
  return {
    bias: bias ?? unused,
    residual: residual ?? unused,
    row_scale: rowScale ?? unused,
    ...(pre ? { pre } : {}),
  };
}

function partsOf(epilogue: LinearEpilogue | undefined): number {
  if (!epilogue) return 0;
  const { activation, bias, residual, rowScale } = epilogue;
  return (
    (bias ? PARTS.bias : 0) |
    (activation === "relu" ? PARTS.relu : 0) |
    (rowScale ? PARTS.rowScale : 0) |
    (residual ? PARTS.residual : 0)
  );
}
