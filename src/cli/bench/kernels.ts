import { Tape } from "../../autograd/tape";
import { sizeOf, type Tensor } from "../../autograd/tensor";
import type { Gpu } from "../../gpu/gpu";
import * as F from "../../ops";
import { type GemmLayout, gemm } from "../../ops/gemm";
import { type BenchHost, timeTape } from "./measure";

/** One row of the kernel table: what is recorded, and the work that it counts as. */
interface KernelBench {
  readonly label: string;
  readonly flops?: number;
  /** Bytes that must move at least: each input and output once. */
  readonly bytes?: number;
  record(tape: Tape): void;
}

/** Inputs that have gradients, filled with zeros by the device: no kernel here takes another path for other numbers. */
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
  return [
    {
      label: "layerNorm 528 x 192, forward and backward",
      bytes: bytesOf(rows, rows, rows, rows, rows),
      record: (tape) =>
        withBackward(F.layerNorm(input(tape, "x", 528, 192), input(tape, "w", 192), input(tape, "b", 192))),
    },
    {
      label: "linear 528 x 192 -> 768 + GELU, forward and backward",
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
      label: "gridSample 4 x 28 x 28 x 64 at 778 points, forward and backward",
      bytes: bytesOf(map, points, points, map),
      record: (tape) => withBackward(F.gridSample(input(tape, "map", ...map), input(tape, "pixels", 4, 778, 2))),
    },
    {
      label: "graphConv 4 x 778 x 128, 7 neighbours, forward and backward",
      bytes: bytesOf(graph, graph, graph, graph),
      record: (tape) => withBackward(F.graphConv(input(tape, "x", ...graph), ring(778))),
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

/** Times every kernel class and prints a line for each; `only` keeps the labels that contain it. */
export async function benchKernels(gpu: Gpu, host: BenchHost, only = ""): Promise<void> {
  for (const bench of [...gemms(), ...attentions(), ...others()]) {
    if (!bench.label.includes(only)) continue;
    const tape = new Tape(bench.label, { style: gpu.kernelStyle });
    bench.record(tape);
    const { wallMs, cpuMs } = await timeTape(
      gpu,
      tape,
      host,
      ({ dispatch }) => !["dot", "fill"].includes(dispatch.kernel.op),
    );
    const work = bench.flops ?? bench.bytes!;
    const unit = bench.flops === undefined ? "GB/s" : "GFLOP/s";
    const rate = (ms: number): string => (work / ms / 1e6).toFixed(2);
    const cpu = cpuMs === undefined ? "" : `, ${cpuMs.toFixed(2)} ms of CPU, ${rate(cpuMs)} ${unit} per core`;
    host.print(`${bench.label}: ${wallMs.toFixed(2)} ms, ${rate(wallMs)} ${unit}${cpu}`);
  }
}
