// y = factor * sum of x, in ascending order; factor is 1 / size for a mean.  d_x = d_y * factor

struct Dims { size: u32, factor: f32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [1]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [1]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [size]

@compute @workgroup_size(1)
fn forward() {
  var sum = 0.0;
  for (var i = 0u; i < dims.size; i++) { sum += x[i]; }
  y[0] = dims.factor * sum;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = dims.factor * d_y[0];
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
