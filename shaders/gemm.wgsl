// y = a b, a^T b or a b^T, in register tiles without workgroup memory: the style for adapters that run on the CPU, where a
// barrier costs more than it saves. A thread owns a tile of 8 x 16 elements; threads run along n, then along m. The blocks
// of a tile are finished in a loop, and no function returns early: both are what a CPU adapter's compiler takes long to
// unroll.
//
// Appended texts: lib/gemm-block.wgsl (the arithmetic), the operands (lib/gemm-{nn,nt,tn,any}.wgsl), the epilogue
// (lib/gemm-{plain,linear}*.wgsl). Each element is one accumulator over ascending k: the same bits as gemm-shared.wgsl.

struct Dims {
  m: u32, n: u32, k: u32,
  slice: u32,  // length of a slice of k, a multiple of 4; workgroup z sums [z * slice, (z + 1) * slice)
  a_row: u32, a_k: u32, b_col: u32, b_k: u32,  // strides, for operands of any size
  parts: u32, rows_per_sample: u32,  // of the epilogue of linear
  add_y: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;

fn finish_block(row: u32, col: u32, slice: u32, block: mat4x4f) {
  finish(row, col, slice, block[0]);
  finish(row + 1u, col, slice, block[1]);
  finish(row + 2u, col, slice, block[2]);
  finish(row + 3u, col, slice, block[3]);
}

@compute @workgroup_size(32)
fn direct_8x16(@builtin(global_invocation_id) id: vec3u) {
  let tiles = (dims.n + 15u) / 16u;
  let row = id.x / tiles * 8u;
  let col = id.x % tiles * 16u;
  if (row >= dims.m) { return; }
  let a0_start = a_start(row);
  let a1_start = a_start(row + 4u);
  let b0_start = b_start(col);
  let b1_start = b_start(col + 4u);
  let b2_start = b_start(col + 8u);
  let b3_start = b_start(col + 12u);
  let end = min(dims.k, (id.z + 1u) * dims.slice);
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c02 = mat4x4f();
  var c03 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  var c12 = mat4x4f();
  var c13 = mat4x4f();
  for (var k = id.z * dims.slice; k < end; k += 4u) {
    let a0 = a_block(a0_start, k, end);
    let a1 = a_block(a1_start, k, end);
    let b0 = b_block(b0_start, k, end);
    c00 = multiply_add(c00, a0, b0);
    c10 = multiply_add(c10, a1, b0);
    let b1 = b_block(b1_start, k, end);
    c01 = multiply_add(c01, a0, b1);
    c11 = multiply_add(c11, a1, b1);
    let b2 = b_block(b2_start, k, end);
    c02 = multiply_add(c02, a0, b2);
    c12 = multiply_add(c12, a1, b2);
    let b3 = b_block(b3_start, k, end);
    c03 = multiply_add(c03, a0, b3);
    c13 = multiply_add(c13, a1, b3);
  }
  for (var i = 0u; i < 8u; i++) {
    var c = c00;
    switch i {
      case 1u: { c = c01; }
      case 2u: { c = c02; }
      case 3u: { c = c03; }
      case 4u: { c = c10; }
      case 5u: { c = c11; }
      case 6u: { c = c12; }
      case 7u: { c = c13; }
      default: {}
    }
    finish_block(row + i / 4u * 4u, col + i % 4u * 4u, id.z, c);
  }
  finish_tile(row, col, 8u, 16u);
}
