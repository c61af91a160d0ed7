import flat from "../../shaders/lib/flat.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import wgsl from "../../shaders/orthographic.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("orthographic", wgsl, flat, reduce);

/**
 * Points x [B, P, 3] to pixels [B, P, 2] by a scaled orthographic camera (s, tx, ty) [B, 3]: X unit s + offsetX + tx, likewise
 * for Y, as the original samples its maps. For the quirk `sample-in-millimetres`. Throws for other shapes.
 */
export function orthographic(x: Tensor, camera: Tensor, unit: number, offsetX: number, offsetY: number): Tensor {
  const [batch, points] = expectShape("orthographic", "x", x, -1, -1, 3);
  expectShape("orthographic", "camera", camera, batch, 3);
  const { tape } = x;
  const dims = { points, size: batch * points, unit, offset_x: offsetX, offset_y: offsetY };
  const y = tape.output("orthographic", [batch, points, 2], [x, camera]);
  tape.dispatch(kernels.forward, { x, camera, y }, dims, flatGroups(dims.size));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (x.needsGrad)
      tape.dispatch(kernels.backward_points, { camera, d_y, d_x: tape.grad(x) }, dims, flatGroups(dims.size));
    if (camera.needsGrad) {
      tape.dispatch(kernels.backward_camera, { x, d_y, d_camera: tape.grad(camera) }, dims, [batch]);
    }
  });
  return y;
}
