// y = sum over k of weight[k] * x_k.  d_x_k = weight[k] * d_y

struct Dims { count: u32, index: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> weight: array<f32>;     // [count]
@group(0) @binding(2) var<storage, read> x: array<f32>;          // [1], the term added by this dispatch
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [1]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;        // [1]
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;  // [1]

@compute @workgroup_size(1)
fn forward() {
  var sum = weight[dims.index] * x[0];
  if (dims.index > 0u) { sum += y[0]; }
  y[0] = sum;
}

@compute @workgroup_size(1)
fn backward() {
  var d = weight[dims.index] * d_y[0];
  if (dims.add_d_x != 0u) { d += d_x[0]; }
  d_x[0] = d;
}
