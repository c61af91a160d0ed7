import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import { type GemmLayout, gemm } from "../../src/ops/gemm";
import { chooseTile, GEMM_TILES, sliceLength } from "../../src/ops/gemm-tiles";
import { pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

/** Each element one f32 accumulator over ascending k, rounded after the multiplication and after the addition. */
function reference(
  layout: GemmLayout,
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
): Float32Array {
  const y = new Float32Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let col = 0; col < n; col++) {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        const left = layout === "tn" ? a[i * m + row] : a[row * k + i];
        const right = layout === "nt" ? b[col * k + i] : b[i * n + col];
        sum = Math.fround(sum + Math.fround(left * right));
      }
      y[row * n + col] = sum;
    }
  }
  return y;
}

async function run(layout: GemmLayout, m: number, n: number, k: number): Promise<void> {
  const gpu = await testGpu();
  const tape = new Tape("gemm");
  const a = tape.input("a", [m * k]);
  const b = tape.input("b", [k * n]);
  const tiles = Object.values(GEMM_TILES);
  const results = tiles.map((tile) => {
    const y = tape.output("y", [m, n], [a, b]);
    gemm(tape, layout, a, b, y, { m, n, k }, { tile });
    return y;
  });
  const plan = await Plan.compile(gpu, tape, undefined, { reuse: false });
  const valuesA = Float32Array.from(pseudoRandom(m * k, 1));
  const valuesB = Float32Array.from(pseudoRandom(k * n, 2));
  plan.write(a, valuesA);
  plan.write(b, valuesB);
  for (const y of results) plan.write(y, new Float32Array(m * n).fill(Number.NaN));
  plan.run();
  const want = new Uint32Array(reference(layout, valuesA, valuesB, m, n, k).buffer);
  const got = await plan.read(...results);
  for (const [i, tile] of tiles.entries()) {
    expect(new Uint32Array(got[i].buffer), `${layout} ${m} x ${n} x ${k}, ${tile.entryPoint}`).toEqual(want);
  }
  plan.destroy();
}

describe("gemm", () => {
  for (const layout of ["nn", "nt", "tn"] as const) {
    it(`${layout}: every tile gives the bits of a multiply-then-add loop, whole and partial tiles`, async () => {
      await run(layout, 36, 68, 20);
      await run(layout, 64, 64, 32);
    });
    it(`${layout}: sizes that are no multiples of 4`, async () => {
      await run(layout, 5, 7, 3);
      await run(layout, 67, 35, 18);
    });
  }
  it("nt with rows and columns beyond the last tile, tn with a k that ends inside a block", async () => {
    await run("nt", 9, 13, 8);
    await run("tn", 12, 20, 7);
  });

  it("names the operand that does not fit", () => {
    const tape = new Tape("gemm");
    const a = tape.input("a", [2, 3]);
    const y = tape.output("y", [2, 2], [a]);
    expect(() => gemm(tape, "nn", a, a, y, { m: 2, n: 2, k: 4 })).toThrow("gemm nn: a has 6 numbers, expected 8");
  });

  it("chooses tiles and slices from the shape", () => {
    expect(chooseTile({ m: 528, n: 576, k: 192 }, "cpu").entryPoint).toBe("direct_8x16");
    expect(chooseTile({ m: 528, n: 576, k: 192 }, "gpu").entryPoint).toBe("shared_32x32");
    expect(chooseTile({ m: 5120, n: 1280, k: 6720 }, "gpu").entryPoint).toBe("shared_64x64");
    expect(Math.ceil(528 / sliceLength({ m: 768, n: 192, k: 528 }))).toBe(3);
    expect(sliceLength({ m: 5120, n: 1280, k: 6720 })).toBe(6720);
  });
});
