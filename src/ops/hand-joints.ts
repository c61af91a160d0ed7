import wgsl from "../../shaders/hand-joints.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("hand-joints", wgsl, flat);

/**
 * Joints [B, J, 3] gathered from the origins of transforms [B, K, 3, 4] and from vertices [B, V, 3]: map[j] < K is a joint,
 * K + v is vertex v (a finger tip). Throws for other shapes, and for an entry of the map that is neither.
 */
export function handJoints(transforms: Tensor, vertices: Tensor, map: ArrayLike<number>): Tensor {
  const [batch, joints] = expectShape("handJoints", "transforms", transforms, -1, -1, 3, 4);
  const [, vertexCount] = expectShape("handJoints", "vertices", vertices, batch, -1, 3);
  const count = map.length;
  for (let j = 0; j < count; j++) {
    if (Number.isInteger(map[j]) && map[j] >= 0 && map[j] < joints + vertexCount) continue;
    throw new Error(
      `handJoints: map[${j}] is ${map[j]}, expected 0 to ${joints - 1} for a joint or up to ${joints + vertexCount - 1} for a vertex`,
    );
  }
  const { tape } = transforms;
  const table = tape.constant("hand-joints.map", [count], Uint32Array.from(map));
  const dims = { batch, count, joints, vertices: vertexCount };
  const y = tape.output("hand-joints", [batch, count, 3], [transforms, vertices]);
  tape.dispatch(kernels.forward, { transforms, vertices, map: table, y }, dims, flatGroups(y.size));
  tape.onBackward(y, () => {
    const known = { map: table, d_y: tape.grad(y) };
    if (transforms.needsGrad) {
      const d_transforms = tape.grad(transforms);
      tape.dispatch(kernels.backward_transforms, { ...known, d_transforms }, dims, flatGroups(transforms.size));
    }
    if (vertices.needsGrad) {
      const d_vertices = tape.grad(vertices);
      tape.dispatch(kernels.backward_vertices, { ...known, d_vertices }, dims, flatGroups(vertices.size));
    }
  });
  return y;
}
