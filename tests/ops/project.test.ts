import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp, pseudoRandom } from "../helpers/check-op";

function reference({ x, camera, focal }: Arrays): Float64Array {
  const points = x.length / 3 / focal.length;
  const y = new Float64Array((x.length / 3) * 2);
  for (let i = 0; i < x.length / 3; i++) {
    const b = Math.floor(i / points);
    const [scale, tx, ty] = camera.subarray(3 * b, 3 * b + 3);
    const depth = x[3 * i + 2] + (2 * focal[b]) / scale;
    y.set([(focal[b] * (x[3 * i] + tx)) / depth, (focal[b] * (x[3 * i + 1] + ty)) / depth], 2 * i);
  }
  return y;
}

describe("project", () => {
  it.each([
    [1, 5],
    [2, 64],
    [3, 70],
  ])("batch %i, %i points", async (batch, points) => {
    await checkOp({
      inputs: { x: [batch, points, 3], camera: [batch, 3], focal: [batch] },
      values: {
        x: pseudoRandom(batch * points * 3, 2).map((v) => 0.1 * v),
        camera: Array.from({ length: batch }, (_, b) => [4 + b, 0.03, -0.05]).flat(),
        focal: Array.from({ length: batch }, (_, b) => 1.5 + 0.4 * b),
      },
      fixed: ["focal"],
      op: ({ x, camera, focal }) => F.project(x, camera, focal),
      reference,
      maxElements: 60,
    });
  });

  it("puts the camera's own axis at (tx, ty) f / tz", async () => {
    await checkOp({
      inputs: { x: [1, 1, 3], camera: [1, 3], focal: [1] },
      values: { x: [0, 0, 0], camera: [4, 0.1, -0.2], focal: [5000 / 256] },
      fixed: ["x", "focal"],
      op: ({ x, camera, focal }) => F.project(x, camera, focal),
      // f t / (2 f / s) = t s / 2, whatever the focal length: at the root the projection is weak perspective.
      reference: ({ camera }) => [0, 1].map((i) => (camera[1 + i] * camera[0]) / 2),
    });
  });

  it("refuses one focal length for two samples", () => {
    const tape = new Tape("t");
    const [x, camera] = [tape.input("joints", [2, 21, 3]), tape.input("camera", [2, 3])];
    expect(() => F.project(x, camera, tape.input("focal", [1]))).toThrow(
      'project: focal has shape [1], expected [2] (tensor "focal")',
    );
    expect(() => F.project(x, camera, tape.input("focal", [2], { needsGrad: true }))).toThrow(
      'project: focal has no gradient, but "focal" asks for one',
    );
  });
});
