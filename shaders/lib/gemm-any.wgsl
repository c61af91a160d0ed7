// Operands of any layout and size, read one number at a time: element (row, k) of a at row * a_row + k * a_k, element
// (k, col) of b at col * b_col + k * b_k. Rows and columns beyond the end repeat the last; terms at `end` and beyond are
// 0 * 0, which leaves a sum's bits as they are.
// start: where the block's rows or columns begin, computed once before the loop over k.

@group(0) @binding(1) var<storage, read> a: array<f32>;  // [m, k] or [k, m]
@group(0) @binding(2) var<storage, read> b: array<f32>;  // [k, n] or [n, k]

fn a_start(row: u32) -> vec4u { return min(vec4u(row) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.m - 1u)) * dims.a_row; }
fn b_start(col: u32) -> vec4u { return min(vec4u(col) + vec4u(0u, 1u, 2u, 3u), vec4u(dims.n - 1u)) * dims.b_col; }

fn a_at(start: vec4u, k: u32, end: u32) -> vec4f {
  let at = start + vec4u(min(k, end - 1u) * dims.a_k);
  return select(vec4f(), vec4f(a[at.x], a[at.y], a[at.z], a[at.w]), k < end);
}

fn b_at(start: vec4u, k: u32, end: u32) -> vec4f {
  let at = start + vec4u(min(k, end - 1u) * dims.b_k);
  return select(vec4f(), vec4f(b[at.x], b[at.y], b[at.z], b[at.w]), k < end);
}

fn a_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  return mat4x4f(a_at(start, k, end), a_at(start, k + 1u, end), a_at(start, k + 2u, end), a_at(start, k + 3u, end));
}

fn b_block(start: vec4u, k: u32, end: u32) -> mat4x4f {
  return mat4x4f(b_at(start, k, end), b_at(start, k + 1u, end), b_at(start, k + 2u, end), b_at(start, k + 3u, end));
}
