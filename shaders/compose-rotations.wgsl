// y = a b per 3x3 matrix: rotate by b first, then by a.   d_a = d_y b^T,   d_b = a^T d_y

struct Dims { size: u32, add_d_a: u32, add_d_b: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;          // [size / 9, 3, 3]
@group(0) @binding(2) var<storage, read> b: array<f32>;          // [size / 9, 3, 3]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [size / 9, 3, 3]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;        // [size / 9, 3, 3]
@group(0) @binding(5) var<storage, read_write> d_a: array<f32>;  // [size / 9, 3, 3]
@group(0) @binding(6) var<storage, read_write> d_b: array<f32>;  // [size / 9, 3, 3]

// One thread per entry, in all three.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let row = i - i % 3u;
  let column = i - i % 9u + i % 3u;
  y[i] = a[row] * b[column] + a[row + 1u] * b[column + 3u] + a[row + 2u] * b[column + 6u];
}

@compute @workgroup_size(64)
fn backward_a(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let row = i - i % 3u;
  let b_row = i - i % 9u + 3u * (i % 3u);
  var d = d_y[row] * b[b_row] + d_y[row + 1u] * b[b_row + 1u] + d_y[row + 2u] * b[b_row + 2u];
  if (dims.add_d_a != 0u) { d += d_a[i]; }
  d_a[i] = d;
}

@compute @workgroup_size(64)
fn backward_b(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let matrix = i - i % 9u;
  let a_column = matrix + (i % 9u) / 3u;
  let column = matrix + i % 3u;
  var d = a[a_column] * d_y[column] + a[a_column + 3u] * d_y[column + 3u] + a[a_column + 6u] * d_y[column + 6u];
  if (dims.add_d_b != 0u) { d += d_b[i]; }
  d_b[i] = d;
}
