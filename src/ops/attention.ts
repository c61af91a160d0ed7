import wgsl from "../../shaders/attention.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import block from "../../shaders/lib/gemm-block.wgsl?raw";
import { flatGroups } from "../autograd/tape";
import { expectShape, showShape, type Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("attention", wgsl, block, flat);
/** Rows that one thread owns; fixed, because the online softmax depends on the order of keys. */
const TILE_ROWS = 8;
const THREADS = 32;
/** Columns that one thread owns on a GPU, which wants more threads and computes the scores once for each; bits stay. */
const GPU_COLS = 16;
const MAX_HEAD_DIM = 80;

/**
 * Multi-head self-attention softmax(q k^T / sqrt(D / heads)) v. qkv [B, T, 3 D] packed as timm does, D split into
 * [3, heads, D / heads] -> [B, T, D]. Memory grows with T, not T^2. Dao et al. 2022; must equal
 * torch.nn.functional.scaled_dot_product_attention. Throws unless D / heads is a multiple of 4 up to 80.
 */
export function attention(qkv: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = expectShape("attention", "qkv", qkv, -1, -1, -1);
  const headDim = width / 3 / heads;
  if (!Number.isInteger(headDim) || headDim % 4 !== 0 || headDim > MAX_HEAD_DIM) {
    throw new Error(
      `attention: qkv has shape ${showShape(qkv.shape)}, its last axis gives ${heads} heads of ${headDim}, expected a multiple of 4 up to ${MAX_HEAD_DIM} (tensor "${qkv.name}")`,
    );
  }
  const { tape } = qkv;
  const rowTiles = Math.ceil(tokens / TILE_ROWS);
  const colTiles = tape.style === "gpu" ? Math.ceil(headDim / GPU_COLS) : 1;
  const dims = {
    tokens,
    heads,
    head_dim: headDim,
    row_tiles: rowTiles,
    col_tiles: colTiles,
    scale: 1 / Math.sqrt(headDim),
  };
  const groups = Math.ceil((rowTiles * colTiles * heads * batch) / THREADS);
  const product = 2 * batch * heads * tokens * tokens * headDim;
  const y = tape.output("attention", [batch, tokens, width / 3], [qkv]);
  const lse = tape.scratch("attention.lse", [batch, heads, tokens]);
  tape.dispatch(kernels.forward, { qkv, y, lse }, dims, [groups], { flops: 2 * product });
  tape.onBackward(y, () => {
    const d_y = tape.grad(y);
    const delta = tape.scratch("attention.delta", [batch, heads, tokens]);
    const packed = tape.scratch("attention.packed", [batch, heads, 4, tokens, headDim]);
    tape.dispatch(kernels.backward_pack, { qkv, d_y, y, delta, packed }, dims, flatGroups(delta.size));
    const bound = { lse, delta, packed, d_qkv: tape.grad(qkv) };
    tape.dispatch(kernels.backward_qkv, bound, dims, [groups, 1, 3], { flops: 5 * product });
  });
  return y;
}
