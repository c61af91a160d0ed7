import { describe, it } from "vitest";
import * as F from "../../src/ops";
import { checkOp } from "../helpers/check-op";

describe("scale", () => {
  for (const size of [3, 64, 130]) {
    it(`[${size}] by -2.5`, async () => {
      await checkOp({
        inputs: { x: [size] },
        op: ({ x }) => F.scale(x, -2.5),
        reference: ({ x }) => x.map((v) => -2.5 * v),
      });
    });
  }
});
