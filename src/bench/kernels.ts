import { Plan, type Step } from "../autograd/plan";
import { Tape } from "../autograd/tape";
import { sizeOf, type Tensor } from "../autograd/tensor";
import { random } from "../data/random";
import type { Gpu } from "../gpu/gpu";
import { Module } from "../nn/module";
import { Parameter } from "../nn/parameter";
import { ParameterStore } from "../nn/parameter-store";
import * as F from "../ops";
import { type GemmLayout, gemm } from "../ops/gemm";
import { columnSum } from "../ops/ordered-sum";
import { AdamW } from "../optim/adamw";
import { type BenchHost, rate, timeSteps } from "./measure";

/** The work that a row counts as: floating-point operations, or bytes that must move at least. */
type Work = { readonly flops: number } | { readonly bytes: number };

/** One row of the kernel table: what is recorded, and what it counts as. */
type KernelBench = Work & {
  readonly label: string;
  /** Numbers of inputs by name; the others stay zero, as no other kernel's path depends on its numbers. */
  readonly numbers?: Readonly<Record<string, (size: number) => Float32Array>>;
  record(tape: Tape): void;
};

/** An input that has a gradient, filled with zeros by the device. */
const input = (tape: Tape, name: string, ...shape: number[]): Tensor => tape.input(name, shape, { needsGrad: true });

function withBackward(y: Tensor): void {
  y.tape.backward(F.dot(y, y.tape.constant("weights", [y.size], new Float32Array(y.size).fill(1))));
}

function gemms(): KernelBench[] {
  const layouts: readonly GemmLayout[] = ["nn", "nt", "tn"];
  return [
    [512, 512, 512],
    [528, 576, 192],
  ].flatMap(([m, n, k]) =>
    layouts.map((layout) => ({
      label: `gemm ${layout} ${m} x ${n} x ${k}`,
      flops: 2 * m * n * k,
      record(tape: Tape) {
        const a = tape.input("a", [m * k]);
        const b = tape.input("b", [k * n]);
        gemm(tape, layout, a, b, tape.output("y", [m, n], [a, b]), { m, n, k });
      },
    })),
  );
}

function attentions(): KernelBench[] {
  const [batch, heads, tokens, dim] = [8, 3, 66, 64];
  const product = 2 * batch * heads * tokens * tokens * dim;
  const record = (tape: Tape): Tensor => F.attention(input(tape, "qkv", batch, tokens, 3 * heads * dim), heads);
  return [
    { label: "attention 8 x 3 x 66 x 64, forward", flops: 2 * product, record },
    {
      label: "attention 8 x 3 x 66 x 64, forward and backward",
      flops: 7 * product,
      record: (tape) => withBackward(record(tape)),
    },
  ];
}

/** A ring of `vertices`, each joined to its six nearest: as many entries as a hand mesh has. */
function ring(vertices: number): F.Csr {
  const entries: F.CsrEntry[] = [];
  for (let v = 0; v < vertices; v++)
    for (let d = -3; d <= 3; d++) entries.push([v, (v + d + vertices) % vertices, 1 / 7]);
  return F.csrFromEntries(vertices, vertices, entries);
}

const bytesOf = (...shapes: number[][]): number => 4 * shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);

function others(): KernelBench[] {
  const rows = [528, 192];
  const map = [4, 28, 28, 64];
  const points = [4, 778, 64];
  const graph = [4, 778, 128];
  const vertices = [8, 778, 3];
  const hidden = [528, 768];
  const rotations = [8, 16, 3, 3];
  return [
    {
      label: "linear 528 x 192 -> 768 + bias + GELU, forward",
      flops: 2 * 528 * 192 * 768,
      record: (tape) => {
        const bias = input(tape, "b", 768);
        F.linear(input(tape, "x", 528, 192), input(tape, "w", 768, 192), bias, { activation: "gelu" });
      },
    },
    {
      label: "linear 528 x 768 -> 192 + bias + residual, forward",
      flops: 2 * 528 * 192 * 768,
      record: (tape) => {
        const residual = input(tape, "r", 528, 192);
        F.linear(input(tape, "x", 528, 768), input(tape, "w", 192, 768), input(tape, "b", 192), { residual });
      },
    },
    {
      label: "gelu 528 x 768, forward and backward",
      bytes: bytesOf(hidden, hidden, hidden, hidden, hidden),
      record: (tape) => withBackward(F.gelu(input(tape, "x", ...hidden))),
    },
    {
      label: "column sums of 528 x 768",
      bytes: bytesOf(hidden),
      record: (tape) => columnSum(tape, tape.input("x", hidden), tape.scratch("y", [768])),
    },
    {
      label: "layerNorm 528 x 192, forward and backward",
      bytes: bytesOf(rows, rows, rows, rows, rows),
      record: (tape) =>
        withBackward(F.layerNorm(input(tape, "x", 528, 192), input(tape, "w", 192), input(tape, "b", 192))),
    },
    {
      label: "linear 528 x 192 -> 768 + bias + GELU, forward and backward",
      flops: 3 * 2 * 528 * 192 * 768,
      record: (tape) =>
        withBackward(
          F.linear(input(tape, "x", 528, 192), input(tape, "w", 768, 192), input(tape, "b", 768), {
            activation: "gelu",
          }),
        ),
    },
    {
      label: "convTranspose2d 4 x 14 x 14 x 64 -> 28 x 28 x 64, forward and backward",
      flops: 3 * 2 * 4 * 14 * 14 * 64 * 64 * 16,
      record: (tape) =>
        withBackward(F.convTranspose2d(input(tape, "x", 4, 14, 14, 64), input(tape, "w", 64, 64, 4, 4))),
    },
    {
      label: "batchNorm 4 x 28 x 28 x 64 + ReLU in training, forward and backward",
      bytes: bytesOf(map, map, map, map, map),
      record: (tape) => {
        const running = [tape.input("mean", [64]), tape.input("variance", [64])] as const;
        withBackward(
          F.batchNorm(input(tape, "x", ...map), input(tape, "w", 64), input(tape, "b", 64), ...running, {
            training: true,
            activation: "relu",
          }),
        );
      },
    },
    {
      label: "gridSample 4 x 28 x 28 x 64 at 778 points, forward and backward",
      bytes: bytesOf(map, points, points, map),
      // Points that share a cell are added one after the other, so a hand's spread matters.
      numbers: {
        pixels(size) {
          const numbers = random(1, "bench", 0, "pixels");
          return Float32Array.from({ length: size }, () => 27 * numbers.uniform());
        },
      },
      record: (tape) => withBackward(F.gridSample(input(tape, "map", ...map), input(tape, "pixels", 4, 778, 2))),
    },
    {
      label: "graphConv 4 x 778 x 128, 7 neighbours, forward and backward",
      bytes: bytesOf(graph, graph, graph, graph),
      record: (tape) => withBackward(F.graphConv(input(tape, "x", ...graph), ring(778))),
    },
    {
      label: "blendShapes 8 x 778 vertices, 135 pose correctives, forward and backward",
      flops: 2 * 2 * 8 * 778 * 3 * 135,
      record: (tape) =>
        withBackward(
          F.blendShapes(
            input(tape, "base", ...vertices),
            tape.input("dirs", [778, 3, 135]),
            input(tape, "coefficients", 8, 135),
          ),
        ),
    },
    {
      label: "loss: l1PerSample of 8 x 778 vertices, forward and backward",
      bytes: bytesOf(vertices, vertices, vertices, vertices, vertices),
      record: (tape) =>
        withBackward(
          F.l1PerSample(input(tape, "x", ...vertices), tape.input("truth", vertices), { rootRelative: true }),
        ),
    },
    {
      label: "loss: squaredErrorPerSample of 8 x 16 rotations, forward and backward",
      bytes: bytesOf(rotations, rotations, rotations, rotations, rotations),
      record: (tape) =>
        withBackward(F.squaredErrorPerSample(input(tape, "x", ...rotations), tape.input("truth", rotations))),
    },
    {
      label: "skin 8 x 778 vertices, 16 joints, forward and backward",
      bytes: bytesOf(vertices, vertices, vertices, vertices),
      record: (tape) =>
        withBackward(
          F.skin(
            input(tape, "x", ...vertices),
            input(tape, "transforms", 8, 16, 3, 4),
            input(tape, "rest", 8, 16, 3),
            tape.input("weights", [778, 16]),
          ),
        ),
    },
  ];
}

class OneParameter extends Module {
  readonly weight: Parameter;

  constructor(size: number) {
    super();
    this.weight = new Parameter([size], { kind: "zeros" });
  }
}

const ADAMW_LABEL = "global norm + AdamW on 1048576 parameters";
const ADAMW_SIZE = 2 ** 20;

/** The update reads gradient, weight and both moments and writes the last three; the norm reads the gradient before. */
async function benchUpdate(gpu: Gpu, host: BenchHost): Promise<void> {
  const store = await ParameterStore.create(gpu, new OneParameter(ADAMW_SIZE));
  const adam = await AdamW.create(store, { weightDecay: 0.05, clip: 1 });
  adam.prepare({ backbone: 1e-3, head: 1e-3 });
  await benchRow(gpu, host, ADAMW_LABEL, { bytes: 8 * 4 * ADAMW_SIZE }, adam.plan.steps);
  adam.destroy();
  store.destroy();
}

async function benchRow(
  gpu: Gpu,
  host: BenchHost,
  label: string,
  counted: Work,
  steps: readonly Step[],
): Promise<void> {
  const { wallMs, cpuMs } = await timeSteps(gpu, steps, host);
  const [work, unit] = "flops" in counted ? [counted.flops, "GFLOP/s"] : [counted.bytes, "GB/s"];
  // Short calls of a host whose CPU clock is coarse may count as none.
  const cpu =
    cpuMs === undefined || cpuMs <= 0 ? "" : `, ${cpuMs.toFixed(2)} ms of CPU, ${rate(work, cpuMs)} ${unit} per core`;
  host.print(`${label}: ${wallMs.toFixed(2)} ms, ${rate(work, wallMs)} ${unit}${cpu}`);
}

/** Times every kernel class and prints a line for each; `only` keeps the labels that contain it. */
export async function benchKernels(gpu: Gpu, host: BenchHost, only = ""): Promise<void> {
  for (const bench of [...gemms(), ...attentions(), ...others()]) {
    if (!bench.label.includes(only)) continue;
    const tape = new Tape(bench.label, { style: gpu.kernelStyle });
    bench.record(tape);
    const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
    for (const t of tape.tensors) {
      const numbers = t.kind === "input" ? bench.numbers?.[t.name] : undefined;
      if (numbers) plan.write(t, numbers(t.size));
    }
    plan.run();
    // What stands for the rest of a network around the op does not count.
    const counted = plan.steps.filter(({ dispatch }) => !["dot", "fill"].includes(dispatch.kernel.op));
    await benchRow(gpu, host, bench.label, bench, counted);
    plan.destroy();
  }
  if (ADAMW_LABEL.includes(only)) await benchUpdate(gpu, host);
}
