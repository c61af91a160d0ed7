import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";

const JOINTS = 4;
const VERTICES = 23;
// A joint left out, one taken twice, tips in between, the first and the last vertex.
const MAP = [0, 3, JOINTS + 22, 1, 1, JOINTS, JOINTS + 7];

function reference({ transforms, vertices }: Arrays): number[] {
  const batch = vertices.length / (3 * VERTICES);
  return Array.from({ length: batch }, (_, b) =>
    MAP.flatMap((source) =>
      [0, 1, 2].map((c) =>
        source < JOINTS
          ? transforms[((b * JOINTS + source) * 3 + c) * 4 + 3]
          : vertices[(b * VERTICES + source - JOINTS) * 3 + c],
      ),
    ),
  ).flat();
}

describe("handJoints", () => {
  it.each([1, 4])("batch %i", async (batch) => {
    await checkOp({
      inputs: { transforms: [batch, JOINTS, 3, 4], vertices: [batch, VERTICES, 3] },
      op: ({ transforms, vertices }) => F.handJoints(transforms, vertices, MAP),
      reference,
    });
  });

  it("refuses an entry that is neither a joint nor a vertex", () => {
    const tape = new Tape("t");
    const [transforms, vertices] = [tape.input("g", [2, 16, 3, 4]), tape.input("v", [2, 7, 3])];
    expect(() => F.handJoints(transforms, vertices, [0, 23])).toThrow(
      "handJoints: map[1] is 23, expected 0 to 15 for a joint or up to 22 for a vertex",
    );
    expect(() => F.handJoints(transforms, tape.input("v", [3, 7, 3]), [0])).toThrow(
      'handJoints: vertices has shape [3, 7, 3], expected [2, any, 3] (tensor "v")',
    );
  });
});
