// y = factor * x.  d_x = factor * d_y

struct Dims { size: u32, factor: f32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [size]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [size]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [size]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i < dims.size) { y[i] = dims.factor * x[i]; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = dims.factor * d_y[i];
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
