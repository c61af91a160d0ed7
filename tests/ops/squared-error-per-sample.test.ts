import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp, pseudoRandom } from "../helpers/check-op";

describe("squaredErrorPerSample", () => {
  it.each([
    [3, [5]],
    [2, [16, 9]],
    [2, [64]],
  ])("mean of squares over each of %i samples of %j", async (samples, rest) => {
    const shape = [samples, ...rest];
    const size = rest.reduce((product, n) => product * n, 1);
    await checkOp({
      inputs: { pred: shape, truth: shape },
      fixed: ["truth"],
      op: (t) => F.squaredErrorPerSample(t.pred, t.truth),
      reference: (v) =>
        Array.from({ length: samples }, (_, b) =>
          v.pred
            .subarray(b * size, (b + 1) * size)
            .reduce((sum, p, i) => sum + (p - v.truth[b * size + i]) ** 2 / size, 0),
        ),
    });
  });

  it("without truth: the shape prior", async () => {
    await checkOp({
      inputs: { betas: [4, 10] },
      op: (t) => F.squaredErrorPerSample(t.betas, undefined, { factor: 0.5 }),
      reference: (v) =>
        Array.from({ length: 4 }, (_, b) => v.betas.subarray(b * 10, b * 10 + 10).reduce((s, x) => s + x * x, 0) / 2),
    });
  });

  it("skips a flagged sample, whose NaN annotation reaches neither loss nor gradient", async () => {
    const truth = pseudoRandom(12, 3).map((v, i) => (i >= 4 && i < 8 ? Number.NaN : v));
    await checkOp({
      inputs: { pred: [3, 4], truth: [3, 4], flag: [3] },
      values: { truth, flag: [1, 0, 1] },
      fixed: ["truth", "flag"],
      op: (t) => F.squaredErrorPerSample(t.pred, t.truth, { flag: t.flag }),
      reference: (v) =>
        [0, 1, 2].map((b) =>
          v.flag[b] === 0 ? 0 : [0, 1, 2, 3].reduce((s, i) => s + (v.pred[4 * b + i] - v.truth[4 * b + i]) ** 2 / 4, 0),
        ),
    });
  });

  it("refuses another shape, naming op and tensor", () => {
    const tape = new Tape("t");
    expect(() => F.squaredErrorPerSample(tape.input("a", [2, 10]), tape.input("beta", [2, 9]))).toThrow(
      'squaredErrorPerSample: truth has shape [2, 9], expected [2, 10] (tensor "beta")',
    );
  });
});
