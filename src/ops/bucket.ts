import wgsl from "../../shaders/bucket.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { type Kernel, readKernels } from "../gpu/kernel";

const kernels = readKernels("bucket", wgsl, flat);

/** Copies a bucket's gradients to a staging buffer of the same size. Not differentiated. Throws when the sizes differ. */
export function packBucket(gradients: Tensor, staging: Tensor): void {
  record("packBucket", kernels.pack, gradients, staging, 1);
}

/** gradients = factor * staging; the factor makes a mean of the ranks' sum. Throws when the sizes differ. */
export function unpackBucket(staging: Tensor, gradients: Tensor, factor: number): void {
  record("unpackBucket", kernels.unpack, staging, gradients, factor);
}

/** sum = sum + other: one node of the pairwise tree over ranks or micro-batches. Throws when the sizes differ. */
export function addBucket(sum: Tensor, other: Tensor): void {
  record("addBucket", kernels.add, other, sum, 1);
}

function record(op: string, kernel: Kernel, x: Tensor, y: Tensor, factor: number): void {
  if (x.size !== y.size || x.size % 4 !== 0)
    throw new Error(
      `${op}: "${x.name}" has ${x.size} floats, "${y.name}" ${y.size}, expected the same number, a multiple of 4`,
    );
  const quads = x.size / 4;
  x.tape.dispatch(kernel, { x, y }, { quads, factor }, flatGroups(quads));
}
