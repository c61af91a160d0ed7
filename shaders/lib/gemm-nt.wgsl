// Operands of y = a b^T: a [m, k], b [n, k]; k is a multiple of 4. Rows and columns beyond the end repeat the last.
// start: where the block's rows or columns begin, computed once before the loop over k.

@group(0) @binding(1) var<storage, read> a: array<vec4f>;  // [m, k / 4]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;  // [n, k / 4]

fn a_start(row: u32) -> vec4u { return min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.m - 1u)) * (dims.k / 4u); }

fn a_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  let at = start + vec4u(k / 4u);
  return transpose(mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]));
}

fn b_start(col: u32) -> vec4u { return min(vec4u(col) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.n - 1u)) * (dims.k / 4u); }

fn b_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  let at = start + vec4u(k / 4u);
  return transpose(mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]));
}
