// Operands of y = a^T b: a [k, m], b [k, n]; m and n are multiples of 4, k is any. Rows and columns beyond the end repeat
// the last; terms at `end` and beyond are 0 * 0, which leaves a sum's bits as they are.
// start: where the block's rows or columns begin, computed once before the loop over k.

override HAS_TAIL: bool = true;  // false where k is a multiple of 4

@group(0) @binding(1) var<storage, read> a: array<vec4f>;  // [k, m / 4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;  // [k, n / 4]

fn a_start(row: u32) -> vec4u { return vec4u(0u, 1u, 2u, 3u) * (dims.m / 4u) + vec4u(min(row, dims.m - 4u) / 4u); }
fn b_start(col: u32) -> vec4u { return vec4u(0u, 1u, 2u, 3u) * (dims.n / 4u) + vec4u(min(col, dims.n - 4u) / 4u); }

fn a_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  let at = start + vec4u(k / 4u * dims.m);
  var block = mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]);
  if (HAS_TAIL && k + 4u > end) { block = first_terms(block, end - k); }
  return block;
}

fn b_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  let at = start + vec4u(k / 4u * dims.n);
  var block = mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  if (HAS_TAIL && k + 4u > end) { block = first_terms(block, end - k); }
  return block;
}

fn first_terms(block: mat4x4f, count: u32) -> mat4x4f {
  let none = vec4f();
  return mat4x4f(
    block[0],
    select(none, block[1], count > 1u),
    select(none, block[2], count > 2u),
    select(none, block[3], count > 3u),
  );
}
