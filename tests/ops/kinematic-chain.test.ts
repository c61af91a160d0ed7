import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Arrays, checkOp } from "../helpers/check-op";
import { globalTransforms, MANO_PARENTS } from "../helpers/mini-mano";

describe("kinematicChain", () => {
  it.each([
    { batch: 2, parents: MANO_PARENTS },
    { batch: 23, parents: [-1, 0, 0] },
    { batch: 1, parents: [-1] },
  ])("%j", async ({ batch, parents }) => {
    const joints = parents.length;
    await checkOp({
      inputs: { rotations: [batch, joints, 3, 3], rest: [batch, joints, 3] },
      op: ({ rotations, rest }) => F.kinematicChain(rotations, rest, parents),
      reference: ({ rotations, rest }: Arrays) =>
        Array.from({ length: batch }, (_, b) => [
          ...globalTransforms(
            rotations.subarray(b * joints * 9, (b + 1) * joints * 9),
            rest.subarray(b * joints * 3, (b + 1) * joints * 3),
            parents,
          ),
        ]).flat(),
      maxElements: 100,
    });
  });

  it("refuses shapes that do not fit and parents out of order", () => {
    const tape = new Tape("t");
    const [rotations, rest] = [tape.input("r", [2, 3, 3, 3]), tape.input("j", [2, 3, 3])];
    expect(() => F.kinematicChain(rotations, rest, MANO_PARENTS)).toThrow(
      'kinematicChain: rotations has shape [2, 3, 3, 3], expected [any, 16, 3, 3] (tensor "r")',
    );
    expect(() => F.kinematicChain(rotations, rest, [-1, 2, 0])).toThrow(
      "kinematicChain: the parent of joint 1 is 2, expected 0 to 0",
    );
    expect(() => F.kinematicChain(rotations, rest, [0, 0, 1])).toThrow(
      "kinematicChain: the parent of joint 0 is 0, expected -1",
    );
  });
});
