import reduce from "../../shaders/lib/reduce.wgsl?raw";
import wgsl from "../../shaders/share-inside.wgsl?raw";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("share-inside", wgsl, reduce);

/**
 * Share [1] of pixels [B, P, 2] whose nearest pixel is in a map of width x height; NaN counts as outside. No gradient.
 * Throws when pixels has another shape, or holds more points than one workgroup can count.
 */
export function shareInside(pixels: Tensor, width: number, height: number): Tensor {
  const [batch, points] = expectShape("shareInside", "pixels", pixels, -1, -1, 2);
  const size = batch * points;
  if (size > 60_000 * 64)
    throw new Error(`shareInside: ${size} points, at most ${60_000 * 64} (tensor "${pixels.name}")`);
  const { tape } = pixels;
  const y = tape.output("share-inside", [1], []);
  tape.dispatch(kernels.forward, { pixels, y }, { size, width, height }, [1]);
  return y;
}
