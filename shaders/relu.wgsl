// y = max(x, 0), NaN stays NaN.  d_x = d_y where x > 0, else 0

struct Dims { size: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [size]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [size]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [size]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i < dims.size) { y[i] = select(x[i], 0.0, x[i] < 0.0); }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = select(0.0, d_y[i], x[i] > 0.0);
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
