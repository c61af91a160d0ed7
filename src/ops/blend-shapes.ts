import wgsl from "../../shaders/blend-shapes.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("blend-shapes", wgsl, flat);
const CHUNK_ROWS = 64;
const SAMPLES_PER_THREAD = 8;

/**
 * base + dirs coefficients: MANO's shape directions (N = 10) and pose correctives (N = 135), [B, V, 3].
 * base [V, 3] or [B, V, 3], dirs [V, 3, N], coefficients [B, N]. Romero, Tzionas, Black 2017, eq. 3 and 4.
 * Throws for other shapes, and when dirs needs a gradient: they are data.
 */
export function blendShapes(base: Tensor, dirs: Tensor, coefficients: Tensor): Tensor {
  const [batch, count] = expectShape("blendShapes", "coefficients", coefficients, -1, -1);
  const [vertices] = expectShape("blendShapes", "dirs", dirs, -1, 3, count);
  if (base.shape.length === 2) expectShape("blendShapes", "base", base, vertices, 3);
  else expectShape("blendShapes", "base", base, batch, vertices, 3);
  if (dirs.needsGrad) throw new Error(`blendShapes: dirs has no gradient, but "${dirs.name}" asks for one`);

  const { tape } = base;
  const rows = 3 * vertices;
  const chunks = Math.ceil(rows / CHUNK_ROWS);
  const groups = Math.ceil(batch / SAMPLES_PER_THREAD);
  const dims = { batch, rows, count, chunks, base_size: base.size };
  const flops = 2 * batch * rows * count;
  const y = tape.output("blend-shapes", [batch, vertices, 3], [base, coefficients]);
  const grid = [Math.ceil(rows / 64), groups] as const;
  tape.dispatch(kernels.forward, { base, dirs, coefficients, y }, dims, grid, { flops });
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    if (base.needsGrad) {
      tape.dispatch(kernels.backward_base, { d_y, d_base: tape.grad(base) }, dims, flatGroups(base.size));
    }
    if (!coefficients.needsGrad) return;
    const part = tape.scratch("blend-shapes.part", [chunks, batch, count]);
    const columns = Math.ceil(count / 64);
    tape.dispatch(kernels.backward_chunks, { dirs, d_y, part }, dims, [columns, chunks, groups], { flops });
    const d_coefficients = tape.grad(coefficients);
    tape.dispatch(kernels.backward_coefficients, { part, d_coefficients }, dims, flatGroups(batch * count));
  });
  return y;
}
