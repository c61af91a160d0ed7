import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

const minus = (x: Float64Array, root: Float64Array, batch: number, index: number): Float64Array =>
  x.map((v, i) => v - root[(Math.floor((i * batch) / x.length) * root.length) / batch + 3 * index + (i % 3)]);

describe("subtractRoot", () => {
  it.each([
    { batch: 1, points: 5, root: [1, 3], index: 0 },
    { batch: 3, points: 23, root: [3, 3], index: 0 },
    { batch: 2, points: 4, root: [2, 21, 3], index: 9 },
  ])("%j", async ({ batch, points, root: shape, index }) => {
    await checkOp({
      inputs: { x: [batch, points, 3], root: shape },
      op: ({ x, root }) => F.subtractRoot(x, root, index),
      reference: ({ x, root }) => minus(x, root, batch, index),
    });
  });

  it("makes joints relative to one of themselves", async () => {
    await checkOp({
      inputs: { x: [2, 21, 3] },
      op: ({ x }) => F.subtractRoot(x, x, 4),
      reference: ({ x }) => minus(x, x, 2, 4),
    });
  });

  it("refuses a root of another batch and a joint that is not there", () => {
    const tape = new Tape("t");
    const x = tape.input("vertices", [2, 7, 3]);
    expect(() => F.subtractRoot(x, tape.input("root", [3, 3]))).toThrow(
      'subtractRoot: root has shape [3, 3], expected [2, 3] (tensor "root")',
    );
    expect(() => F.subtractRoot(x, tape.input("joints", [2, 21, 3]), 21)).toThrow(
      'subtractRoot: index is 21, expected 0 to 20 (tensor "joints")',
    );
  });
});
