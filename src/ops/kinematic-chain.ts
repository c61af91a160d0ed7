import wgsl from "../../shaders/kinematic-chain.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("kinematic-chain", wgsl, flat);
const ROOT = 0xffffffff;

/**
 * Global transforms [B, K, 3, 4] of a kinematic tree: rotations [B, K, 3, 3], rest joints [B, K, 3], parents [K] with -1
 * for the root. The root turns about its own rest joint. Loper et al. 2015, eq. 3 and 4.
 * Throws for other shapes, and when a parent does not come before its child.
 */
export function kinematicChain(rotations: Tensor, rest: Tensor, parents: ArrayLike<number>): Tensor {
  const [batch, joints] = expectShape("kinematicChain", "rotations", rotations, -1, parents.length, 3, 3);
  expectShape("kinematicChain", "rest", rest, batch, joints, 3);
  for (let k = 0; k < joints; k++) {
    const valid = k === 0 ? parents[k] === -1 : Number.isInteger(parents[k]) && parents[k] >= 0 && parents[k] < k;
    if (valid) continue;
    const expected = k === 0 ? "-1" : `0 to ${k - 1}`;
    throw new Error(`kinematicChain: the parent of joint ${k} is ${parents[k]}, expected ${expected}`);
  }
  const { tape } = rotations;
  const table = tape.constant(
    "kinematic-chain.parents",
    [joints],
    Uint32Array.from(parents, (p) => (p < 0 ? ROOT : p)),
  );
  const dims = { batch, joints };
  const y = tape.output("kinematic-chain", [batch, joints, 3, 4], [rotations, rest]);
  tape.dispatch(kernels.forward, { rotations, rest, parents: table, y }, dims, flatGroups(3 * batch));
  tape.onBackward(y, () => {
    const whole = tape.scratch("kinematic-chain.whole", y.shape);
    const chain = { rotations, rest, parents: table, d_y: tape.grad(y), whole };
    tape.dispatch(kernels.backward_chain, chain, dims, flatGroups(3 * batch));
    const known = { parents: table, transforms: y, d_whole: whole };
    const groups = flatGroups(batch * joints);
    if (rotations.needsGrad)
      tape.dispatch(kernels.backward_rotations, { ...known, d_rotations: tape.grad(rotations) }, dims, groups);
    if (rest.needsGrad) tape.dispatch(kernels.backward_rest, { ...known, d_rest: tape.grad(rest) }, dims, groups);
  });
  return y;
}
