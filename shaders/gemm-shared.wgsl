// y = a b, a^T b or a b^T, in tiles staged through workgroup memory: the style for real GPUs. The texts appended, the
// fields of Dims and, bit for bit, the results are those of gemm.wgsl.
// A workgroup of 8 x 8 threads owns a tile; each thread loads one 4 x 4 block of a and one of b for every step of k.

struct Dims {
  m: u32, n: u32, k: u32,
  slice: u32,
  a_row: u32, a_k: u32, b_col: u32, b_k: u32,
  parts: u32, rows_per_sample: u32,
  add_y: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;

// [k of the step][block of 4 rows or columns]: 16 x 16 for tiles of 64, 32 x 8 for tiles of 32.
var<workgroup> tile_a: array<vec4f, 256>;
var<workgroup> tile_b: array<vec4f, 256>;

fn stage(at: u32, stride: u32, a: mat4x4f, b: mat4x4f) {
  tile_a[at] = a[0];
  tile_a[at + stride] = a[1];
  tile_a[at + 2u * stride] = a[2];
  tile_a[at + 3u * stride] = a[3];
  tile_b[at] = b[0];
  tile_b[at + stride] = b[1];
  tile_b[at + 2u * stride] = b[2];
  tile_b[at + 3u * stride] = b[3];
}

fn staged_a(at: u32, stride: u32) -> mat4x4f {
  return mat4x4f(tile_a[at], tile_a[at + stride], tile_a[at + 2u * stride], tile_a[at + 3u * stride]);
}

fn staged_b(at: u32, stride: u32) -> mat4x4f {
  return mat4x4f(tile_b[at], tile_b[at + stride], tile_b[at + 2u * stride], tile_b[at + 3u * stride]);
}

fn finish_block(row: u32, col: u32, slice: u32, block: mat4x4f) {
  finish(row, col, slice, block[0]);
  finish(row + 1u, col, slice, block[1]);
  finish(row + 2u, col, slice, block[2]);
  finish(row + 3u, col, slice, block[3]);
}

// 4 x 4 numbers a thread, 32 of k a step.
@compute @workgroup_size(64)
fn shared_32x32(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let k_of_thread = thread % 8u * 4u;
  let at = k_of_thread * 8u + thread / 8u;
  let a_from = a_start(group.y * 32u + thread / 8u * 4u);
  let b_from = b_start(group.x * 32u + thread / 8u * 4u);
  let row = thread / 8u;
  let col = thread % 8u;
  let end = min(dims.k, (group.z + 1u) * dims.slice);
  var c = mat4x4f();
  for (var step = group.z * dims.slice; step < end; step += 32u) {
    var a_new = mat4x4f();
    var b_new = mat4x4f();
    if (step + k_of_thread < end) {
      a_new = a_block(a_from, step + k_of_thread, end);
      b_new = b_block(b_from, step + k_of_thread, end);
    }
    stage(at, 8u, a_new, b_new);
    workgroupBarrier();
    for (var k = 0u; k < 256u; k += 32u) {
      c = multiply_add(c, staged_a(k + row, 8u), staged_b(k + col, 8u));
    }
    workgroupBarrier();
  }
  finish_block(group.y * 32u + row * 4u, group.x * 32u + col * 4u, group.z, c);
  finish_tile(group.y * 32u + row * 4u, group.x * 32u + col * 4u, 4u, 4u);
}

// 8 x 8 numbers a thread, 16 of k a step. A thread's columns lie 32 apart, so that neighbours read neighbours.
@compute @workgroup_size(64)
fn shared_64x64(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let k_of_thread = thread % 4u * 4u;
  let at = k_of_thread * 16u + thread / 4u;
  let a_from = a_start(group.y * 64u + thread / 4u * 4u);
  let b_from = b_start(group.x * 64u + thread / 4u * 4u);
  let row = thread / 8u;
  let col = thread % 8u;
  let end = min(dims.k, (group.z + 1u) * dims.slice);
  var c00 = mat4x4f();
  var c01 = mat4x4f();
  var c10 = mat4x4f();
  var c11 = mat4x4f();
  for (var step = group.z * dims.slice; step < end; step += 16u) {
    var a_new = mat4x4f();
    var b_new = mat4x4f();
    if (step + k_of_thread < end) {
      a_new = a_block(a_from, step + k_of_thread, end);
      b_new = b_block(b_from, step + k_of_thread, end);
    }
    stage(at, 16u, a_new, b_new);
    workgroupBarrier();
    for (var k = 0u; k < 256u; k += 64u) {
      let a0 = staged_a(k + row, 16u);
      let a1 = staged_a(k + row + 8u, 16u);
      let b0 = staged_b(k + col, 16u);
      let b1 = staged_b(k + col + 8u, 16u);
      c00 = multiply_add(c00, a0, b0);
      c01 = multiply_add(c01, a0, b1);
      c10 = multiply_add(c10, a1, b0);
      c11 = multiply_add(c11, a1, b1);
    }
    workgroupBarrier();
  }
  let top = group.y * 64u + row * 4u;
  let left = group.x * 64u + col * 4u;
  finish_block(top, left, group.z, c00);
  finish_block(top, left + 32u, group.z, c01);
  finish_block(top + 32u, left, group.z, c10);
  finish_block(top + 32u, left + 32u, group.z, c11);
  finish_tile(top, left, 4u, 4u);
  finish_tile(top, left + 32u, 4u, 4u);
  finish_tile(top + 32u, left, 4u, 4u);
  finish_tile(top + 32u, left + 32u, 4u, 4u);
}
