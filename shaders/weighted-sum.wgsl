// y = sum over k of weight_k * x_k, ascending, up to seven terms a dispatch; further dispatches add to y.
//   d_x_k = weight_k * d_y
// Terms beyond `count` are bound to something and not read.

struct Dims {
  count: u32,
  first: u32,  // 1 in the dispatch that begins the sum
  weight0: f32, weight1: f32, weight2: f32, weight3: f32, weight4: f32, weight5: f32, weight6: f32,
  add_d_x0: u32, add_d_x1: u32, add_d_x2: u32, add_d_x3: u32, add_d_x4: u32, add_d_x5: u32, add_d_x6: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x0: array<f32>;           // [1]
@group(0) @binding(2) var<storage, read> x1: array<f32>;           // [1]
@group(0) @binding(3) var<storage, read> x2: array<f32>;           // [1]
@group(0) @binding(4) var<storage, read> x3: array<f32>;           // [1]
@group(0) @binding(5) var<storage, read> x4: array<f32>;           // [1]
@group(0) @binding(6) var<storage, read> x5: array<f32>;           // [1]
@group(0) @binding(7) var<storage, read> x6: array<f32>;           // [1]
@group(0) @binding(8) var<storage, read_write> y: array<f32>;      // [1]
@group(0) @binding(9) var<storage, read> d_y: array<f32>;          // [1]
@group(0) @binding(10) var<storage, read_write> d_x0: array<f32>; // [1]
@group(0) @binding(11) var<storage, read_write> d_x1: array<f32>; // [1]
@group(0) @binding(12) var<storage, read_write> d_x2: array<f32>; // [1]
@group(0) @binding(13) var<storage, read_write> d_x3: array<f32>; // [1]
@group(0) @binding(14) var<storage, read_write> d_x4: array<f32>; // [1]
@group(0) @binding(15) var<storage, read_write> d_x5: array<f32>; // [1]
@group(0) @binding(16) var<storage, read_write> d_x6: array<f32>; // [1]

@compute @workgroup_size(1)
fn forward() {
  var sum = 0.0;
  if (dims.first == 0u) { sum = y[0]; }
  if (dims.count > 0u) { sum += dims.weight0 * x0[0]; }
  if (dims.count > 1u) { sum += dims.weight1 * x1[0]; }
  if (dims.count > 2u) { sum += dims.weight2 * x2[0]; }
  if (dims.count > 3u) { sum += dims.weight3 * x3[0]; }
  if (dims.count > 4u) { sum += dims.weight4 * x4[0]; }
  if (dims.count > 5u) { sum += dims.weight5 * x5[0]; }
  if (dims.count > 6u) { sum += dims.weight6 * x6[0]; }
  y[0] = sum;
}

@compute @workgroup_size(1)
fn backward() {
  let d = d_y[0];
  if (dims.count > 0u) { d_x0[0] = dims.weight0 * d + select(0.0, d_x0[0], dims.add_d_x0 != 0u); }
  if (dims.count > 1u) { d_x1[0] = dims.weight1 * d + select(0.0, d_x1[0], dims.add_d_x1 != 0u); }
  if (dims.count > 2u) { d_x2[0] = dims.weight2 * d + select(0.0, d_x2[0], dims.add_d_x2 != 0u); }
  if (dims.count > 3u) { d_x3[0] = dims.weight3 * d + select(0.0, d_x3[0], dims.add_d_x3 != 0u); }
  if (dims.count > 4u) { d_x4[0] = dims.weight4 * d + select(0.0, d_x4[0], dims.add_d_x4 != 0u); }
  if (dims.count > 5u) { d_x5[0] = dims.weight5 * d + select(0.0, d_x5[0], dims.add_d_x5 != 0u); }
  if (dims.count > 6u) { d_x6[0] = dims.weight6 * d + select(0.0, d_x6[0], dims.add_d_x6 != 0u); }
}
