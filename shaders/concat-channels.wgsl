// One part of a concatenation along the last axis: y[row, offset + c] = x[row, c].   d_x[row, c] = d_y[row, offset + c]

struct Dims { size: u32, channels: u32, total: u32, offset: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [rows, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [rows, total]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [rows, total]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [rows, channels]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  y[i / dims.channels * dims.total + dims.offset + i % dims.channels] = x[i];
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i / dims.channels * dims.total + dims.offset + i % dims.channels];
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
