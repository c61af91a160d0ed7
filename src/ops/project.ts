import flat from "../../shaders/lib/flat.wgsl?raw";
import reduce from "../../shaders/lib/reduce.wgsl?raw";
import wgsl from "../../shaders/project.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("project", wgsl, flat, reduce);

/**
 * Points x [B, P, 3] in metres to image coordinates [B, P, 2] in units of the crop: f (X + tx) / (Z + tz) with tz = 2 f / s,
 * camera (s, tx, ty) [B, 3], f = focal [B] in crop sides. Goel et al. 2023; Pavlakos et al. 2024.
 * Throws for other shapes, and when focal needs a gradient: it is data.
 */
export function project(x: Tensor, camera: Tensor, focal: Tensor): Tensor {
  const [batch, points] = expectShape("project", "x", x, -1, -1, 3);
  expectShape("project", "camera", camera, batch, 3);
  expectShape("project", "focal", focal, batch);
  if (focal.needsGrad) throw new Error(`project: focal has no gradient, but "${focal.name}" asks for one`);
  const { tape } = x;
  const dims = { points, size: batch * points };
  const y = tape.output("project", [batch, points, 2], [x, camera]);
  tape.dispatch(kernels.forward, { x, camera, focal, y }, dims, flatGroups(dims.size));
  tape.onBackward(y, () => {
    const known = { x, camera, focal, d_y: tape.grad(y) };
    if (x.needsGrad)
      tape.dispatch(kernels.backward_points, { ...known, d_x: tape.grad(x) }, dims, flatGroups(dims.size));
    if (camera.needsGrad) {
      tape.dispatch(kernels.backward_camera, { ...known, d_camera: tape.grad(camera) }, dims, [batch]);
    }
  });
  return y;
}
