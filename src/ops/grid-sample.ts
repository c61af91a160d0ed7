import wgsl from "../../shaders/grid-sample.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("grid-sample", wgsl, flat);

/** Ranking compares every point of an image with every other; more points would want a radix sort. */
const MAX_POINTS = 16_384;

/**
 * Bilinear samples [B, P, C] of map [B, H, W, C] at pixels [B, P, 2]: (column, row), pixel centres at integers, zero outside.
 * Points may be anywhere, and NaN. Must equal torch's grid_sample(align_corners=False, padding_mode="zeros") at the pixels
 * that torch computes from its own coordinates. Deterministic backward to the map and to the pixels.
 * Throws for other shapes, when C is not a multiple of 4, and for more than 16,384 points.
 */
export function gridSample(map: Tensor, pixels: Tensor): Tensor {
  const [batch, height, width, channels] = expectShape("gridSample", "map", map, -1, -1, -1, -1);
  const [, points] = expectShape("gridSample", "pixels", pixels, batch, -1, 2);
  if (channels % 4 !== 0)
    throw new Error(`gridSample: map has ${channels} channels, expected a multiple of 4 (tensor "${map.name}")`);
  if (points > MAX_POINTS)
    throw new Error(`gridSample: ${points} points, expected at most ${MAX_POINTS} (tensor "${pixels.name}")`);
  const cells = (height + 1) * (width + 1);
  if ((cells + 1) * points >= 2 ** 32)
    throw new Error(`gridSample: ${points} points in a map of ${height} x ${width} cannot be ranked in 32 bits`);

  const { tape } = map;
  const points4 = Math.ceil(points / 4);
  const fields = { height, width, channels4: channels / 4, points, points4, cells };
  const y = tape.output("grid-sample", [batch, points, channels], [map, pixels]);
  tape.dispatch(kernels.forward, { map, pixels, y }, { ...fields, size: y.size / 4 }, flatGroups(y.size / 4));
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const size = batch * points;
    if (pixels.needsGrad) {
      const gradients = { map, pixels, d_y, d_pixels: tape.grad(pixels) };
      tape.dispatch(kernels.backward_pixels, gradients, { ...fields, size }, flatGroups(size));
    }
    if (!map.needsGrad) return;
    const keys = tape.scratch("grid-sample.keys", [batch, 4 * points4], "u32");
    const ranked = tape.scratch("grid-sample.ranked", [batch, points], "u32");
    const starts = tape.scratch("grid-sample.starts", [batch, cells + 1], "u32");
    tape.dispatch(kernels.backward_keys, { pixels, keys }, { ...fields, size: keys.size }, flatGroups(keys.size));
    tape.dispatch(kernels.backward_rank, { keys4: keys, ranked }, { ...fields, size }, flatGroups(size));
    const cellDims = { ...fields, size: starts.size };
    tape.dispatch(kernels.backward_starts, { order: ranked, starts }, cellDims, flatGroups(starts.size));
    const gathered = { pixels, d_y, order: ranked, cell_starts: starts, d_map: tape.grad(map) };
    tape.dispatch(kernels.backward_map, gathered, { ...fields, size: map.size / 4 }, flatGroups(map.size / 4));
  });
  return y;
}
