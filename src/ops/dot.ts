import wgsl from "../../shaders/dot.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("dot", wgsl, flat, reduce);

/** Sum of a * b over all elements, [1]. Throws when the sizes differ. Must equal torch's (a * b).sum(). */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (a.size !== b.size)
    throw new Error(`dot: "${a.name}" has ${a.size} elements, "${b.name}" ${b.size}, expected the same number`);
  if (a.size > 60_000 * 64) throw new Error(`dot: ${a.size} elements, at most ${60_000 * 64} (tensor "${a.name}")`);
  const { tape, size } = a;
  const y = tape.output("dot", [1], [a, b]);
  tape.dispatch(kernels.forward, { a, b, y }, { size }, [1]);
  tape.onBackward(y, () => {
    for (const [x, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (!x.needsGrad) continue;
      tape.dispatch(kernels.backward, { d_y: tape.grad(y), other, d_in: tape.grad(x) }, { size }, flatGroups(size));
    }
  });
  return y;
}
