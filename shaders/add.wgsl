// y = a + b; b has a's size, or is repeated along a's leading axes (size_b divides size).
//   d_a = d_y,  d_b = sum of d_y over the repeats, in ascending order

struct Dims { size: u32, size_b: u32, add_d_a: u32, add_d_b: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;          // [size]
@group(0) @binding(2) var<storage, read> b: array<f32>;          // [size_b]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [size]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;        // [size]
@group(0) @binding(5) var<storage, read_write> d_a: array<f32>;  // [size]
@group(0) @binding(6) var<storage, read_write> d_b: array<f32>;  // [size_b]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i < dims.size) { y[i] = a[i] + b[i % dims.size_b]; }
}

@compute @workgroup_size(64)
fn backward_a(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i];
  if (dims.add_d_a != 0u) { d += d_a[i]; }
  d_a[i] = d;
}

@compute @workgroup_size(64)
fn backward_b(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size_b) { return; }
  var d = 0.0;
  for (var at = i; at < dims.size; at += dims.size_b) { d += d_y[at]; }
  if (dims.add_d_b != 0u) { d += d_b[i]; }
  d_b[i] = d;
}
