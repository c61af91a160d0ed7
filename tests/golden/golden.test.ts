import { describe, expect, it } from "vitest";
import { blendShapes, poseCorrectives, regressJoints, rigidTransform, skin } from "../../src/data/hand/forward";
import { matrixFromAxisAngle } from "../../src/data/hand/rotations";
import { expectClose } from "../helpers/check-op";
import { expectGolden, type Golden, type GoldenRun, goldenNames, group, readGolden } from "./golden";

/** The golden numbers themselves as a run. */
function ownRun(golden: Golden): GoldenRun {
  return {
    outputs: new Map(group(golden, "output")),
    losses: new Map(group(golden, "loss")),
    state: new Map(group(golden, "state")),
    gradients: new Map(group(golden, "gradient")),
    after: new Map(group(golden, "after")),
    gradNorms: [...golden.arrays.get("grad_norms")!],
    totals: [...golden.arrays.get("totals")!],
  };
}

describe("golden files", () => {
  it("has every configuration, each with what docs/model.md lists", () => {
    expect(goldenNames().length).toBeGreaterThanOrEqual(26);
    for (const name of goldenNames()) {
      const golden = readGolden(name);
      const { batch, shape, hand } = golden;
      const count = shape.height * shape.width * batch;
      expect(golden.inputs.get("image")).toHaveLength(3 * count);
      expect(golden.inputs.get("depth")).toHaveLength(count);
      expect(golden.inputs.get("dropPath")).toHaveLength(2 * shape.depth * batch);
      expect(golden.arrays.get("output.vertices")).toHaveLength(3 * hand.vertexCount * batch);
      expect(group(golden, "output")).toHaveLength(14);
      expect(group(golden, "loss")).toHaveLength(6);
      for (const [key, values] of golden.arrays) expect(values.every(Number.isFinite), `${name}: ${key}`).toBe(true);
    }
  });

  it("starts from the right weights: a step without a gradient only decays", () => {
    // The depth convolution of the RGB-only run: 5 times p *= 1 - lr * weightDecay.
    const golden = readGolden("rgb-only");
    const name = "modality_fusion.depth_embed.patch_embed.proj.weight";
    expect(golden.zeroGradient).toContain(name);
    const start = golden.initial.get(name)!;
    const { learningRate, weightDecay, steps } = golden.optimiser;
    const expected = start.map((w) => w * (1 - learningRate * weightDecay) ** steps);
    const shown = Array.from({ length: 16 }, (_, i) => expected[Math.floor((i * start.length) / 16)]);
    expectClose(name, golden.arrays.get(`after.${name}`)!, shown, 1e-6);
  });

  // Two authors, one formula: the twin's vertices against the CPU hand of the data side.
  for (const name of ["rgbd-6d", "mixed-aa", "openhand"]) {
    it(`${name}: vertices equal the CPU hand`, () => {
      const { hand, batch, arrays } = readGolden(name);
      for (const [rotations, betas, vertices] of [
        ["rotations", "betas", "vertices"],
        ["coarse_rotations", "coarse_betas", "coarse_vertices"],
      ].map((keys) => keys.map((key) => arrays.get(`output.${key}`)!))) {
        for (let b = 0; b < batch; b++) {
          const turn = rotations.subarray(144 * b, 144 * (b + 1));
          const shaped = blendShapes(hand, betas.subarray(10 * b, 10 * (b + 1)));
          const { transforms } = rigidTransform(turn, regressJoints(hand, shaped), hand.parents, [0, 0, 0]);
          const expected = skin(hand, poseCorrectives(hand, shaped, turn), transforms);
          const size = 3 * hand.vertexCount;
          expectClose(`sample ${b}`, vertices.subarray(size * b, size * (b + 1)), expected, 1e-5);
        }
      }
    });
  }

  it("has the same annotated pose as matrices and as vectors", () => {
    const { inputs, batch } = readGolden("mixed-aa");
    const vectors = inputs.get("poseAxisAngle")!;
    const matrices = Array.from({ length: 16 * batch }, (_, k) => [...matrixFromAxisAngle(vectors, 3 * k)]).flat();
    expectClose("pose", inputs.get("pose")!, matrices, 1e-6);
  });
});

describe("expectGolden", () => {
  it("accepts the golden run and refuses a changed one, whichever part changed", () => {
    const golden = readGolden("rgbd-6d");
    expectGolden(golden, ownRun(golden));
    for (const part of ["outputs", "losses", "state", "gradients", "after"] as const) {
      for (const [name, values] of ownRun(golden)[part]!) {
        if (golden.zeroGradient.includes(name) && part === "gradients") continue;
        const run = ownRun(golden);
        const changed = new Map(run[part]).set(
          name,
          values.map((x) => 1.001 * x),
        );
        expect(() => expectGolden(golden, { ...run, [part]: changed }), `${part} ${name}`).toThrow(golden.name);
      }
    }
  });

  it("refuses a gradient where there is none, and a missing one", () => {
    const golden = readGolden("rgbd-6d");
    const run = ownRun(golden);
    const [name] = golden.zeroGradient;
    const some = new Map(run.gradients).set(name, run.gradients!.get(name)!.fill(1e-9));
    expect(() => expectGolden(golden, { ...run, gradients: some })).toThrow(name);
    expect(() => expectGolden(golden, { ...run, gradients: new Map() })).toThrow("has no");
    expect(() => expectGolden(golden, { ...run, gradients: undefined })).toThrow("needs gradients");
  });
});
