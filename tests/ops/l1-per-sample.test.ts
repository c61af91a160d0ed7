import { describe, expect, it } from "vitest";
import { Plan } from "../../src/autograd/plan";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";
import { testGpu } from "../helpers/gpu";

interface Case {
  readonly samples: number;
  readonly points: number;
  readonly coords: number;
  readonly confidence?: boolean;
  readonly rootRelative?: boolean;
  readonly rootPoints?: number;
  readonly flag?: readonly number[];
  readonly factor?: number;
  readonly times?: number;
}

function reference(v: Arrays, c: Case): number[] {
  const stride = c.coords + (c.confidence ? 1 : 0);
  return Array.from({ length: c.samples }, (_, b) => {
    if (c.flag?.[b] === 0) return 0;
    let sum = 0;
    for (let p = 0; p < c.points; p++) {
      const row = b * c.points + p;
      const weight = c.confidence ? v.truth[row * stride + c.coords] : 1;
      if (weight === 0) continue;
      for (let k = 0; k < c.coords; k++) {
        let d = v.pred[row * c.coords + k] - v.truth[row * stride + k];
        if (c.rootRelative)
          d -= v.pred[b * c.points * c.coords + k] - (c.times ?? 1) * v.truth[b * c.points * stride + k];
        if (c.rootPoints)
          d -= v.predRoot[b * c.rootPoints * c.coords + k] - v.truthRoot[b * c.rootPoints * c.coords + k];
        sum += weight * Math.abs(d);
      }
    }
    return sum * (c.factor ?? 1 / (c.points * c.coords));
  });
}

async function check(c: Case, truth?: number[]): Promise<void> {
  const stride = c.coords + (c.confidence ? 1 : 0);
  const roots: Record<string, number[]> = c.rootPoints
    ? { predRoot: [c.samples, c.rootPoints, c.coords], truthRoot: [c.samples, c.rootPoints, c.coords] }
    : {};
  const inputs = {
    pred: [c.samples, c.points, c.coords],
    truth: [c.samples, c.points, stride],
    ...roots,
    ...(c.flag ? { flag: [c.samples] } : {}),
  };
  await checkOp({
    inputs,
    values: { ...(c.flag ? { flag: c.flag } : {}), ...(truth ? { truth } : {}) },
    fixed: ["truth", "truthRoot", "flag"].filter((name) => name in inputs),
    op: (t) =>
      F.l1PerSample(t.pred, t.truth, {
        confidence: c.confidence,
        rootRelative: c.rootRelative,
        roots: c.rootPoints ? { pred: t.predRoot, truth: t.truthRoot } : undefined,
        flag: t.flag,
        factor: c.factor,
        truthRootTimes: c.times,
      }),
    reference: (v) => reference(v, c),
  });
}

describe("l1PerSample", () => {
  it("2D joints with confidence, some of them 0", async () => {
    const truth = pseudoRandom(3 * 21 * 3, 7).map((v, i) => (i % 3 === 2 ? (i % 5 === 0 ? 0 : Math.abs(v)) : v));
    await check({ samples: 3, points: 21, coords: 2, confidence: true }, truth);
  });

  it("wrist-relative 3D joints: the wrist gets minus the sum of the others", async () => {
    const truth = pseudoRandom(2 * 21 * 4, 8).map((v, i) => (i % 4 === 3 ? Math.abs(v) : v));
    await check({ samples: 2, points: 21, coords: 3, confidence: true, rootRelative: true }, truth);
  });

  it("vertices across a workgroup with separate roots and a flag", async () => {
    await check({ samples: 3, points: 70, coords: 3, rootPoints: 4, flag: [1, 0, 1] });
  });

  it("sums in millimetres and a wrist subtracted twice: the quirks", async () => {
    await check({ samples: 2, points: 64, coords: 3, rootRelative: true, factor: 1000, times: 2 });
  });

  it("NaN in an annotation that is flagged or of confidence 0 reaches neither loss nor gradient", async () => {
    const nan = Number.NaN;
    const annotation = [
      [nan, nan, nan],
      [0.5, 0.25, 1],
      [nan, 1, 0],
    ];
    const { losses, gradient } = await run(annotation.flat(), [0, 1], 1);
    expect(losses[0]).toBe(0);
    expect([...gradient.subarray(0, 2)]).toEqual([0, 0]);
    const second = await run([...annotation[1], ...annotation[2]], [1, 1], 1);
    expect([...second.losses]).toEqual([0.375, 0]);
    expect([...second.gradient]).toEqual([-0.5, -0.5, 0, 0]);
  });

  it("the gradient of a difference of 0 is 0, and a NaN annotation in use makes loss and gradient NaN", async () => {
    const same = await run([0, 0, 1, 0, -1, 1], [1, 1], 1);
    expect([...same.gradient]).toEqual([0, 0, 0, 0.5]);
    const nan = await run([Number.NaN, 0, 1, 0, 0, 1], [1, 1], 1);
    expect(nan.losses[0]).toBeNaN();
    expect(nan.gradient[0]).toBeNaN();
  });

  /** pred is 0 for two samples of one 2D point; truth holds x, y, confidence of each. */
  async function run(truth: number[], flag: number[], points: number) {
    const tape = new Tape("nan");
    const pred = tape.input("pred", [2, points, 2], { needsGrad: true });
    const truthTensor = tape.input("truth", [2, points, 3]);
    const flagTensor = tape.input("flag", [2]);
    const losses = F.l1PerSample(pred, truthTensor, { confidence: true, flag: flagTensor });
    tape.backward(F.batchMean(losses, { sum: true }));
    const plan = await Plan.compile(await testGpu(), tape, undefined, { reuse: false });
    plan.write(pred, new Float32Array(4));
    plan.write(truthTensor, Float32Array.from(truth.slice(0, 6)));
    plan.write(flagTensor, Float32Array.from(flag));
    plan.run();
    const [values, gradient] = await plan.read(losses, tape.grad(pred));
    plan.destroy();
    return { losses: values, gradient };
  }

  it("refuses wrong shapes and a truth that needs a gradient, naming op and tensor", () => {
    const tape = new Tape("t");
    const pred = tape.input("joints", [2, 21, 3], { needsGrad: true });
    expect(() => F.l1PerSample(pred, tape.input("labels", [2, 21, 3]), { confidence: true })).toThrow(
      'l1PerSample: truth has shape [2, 21, 3], expected [2, 21, 4] (tensor "labels")',
    );
    expect(() => F.l1PerSample(pred, tape.input("gt", [2, 21, 3], { needsGrad: true }))).toThrow(
      'l1PerSample: "gt" needs a gradient',
    );
    expect(() => F.l1PerSample(pred, tape.input("gt", [2, 21, 3]), { flag: tape.input("hasMano", [3]) })).toThrow(
      'l1PerSample: flag has shape [3], expected [2] (tensor "hasMano")',
    );
  });
});
