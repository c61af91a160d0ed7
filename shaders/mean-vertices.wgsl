// y[b, c] = mean over the vertices of x[b, v, c], summed in ascending order.   d_x = d_y / vertices

struct Dims { size: u32, vertices: u32, channels: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, vertices, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [B, channels]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [B, channels]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [B, vertices, channels]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let start = i / dims.channels * dims.vertices * dims.channels + i % dims.channels;
  var sum = 0.0;
  for (var v = 0u; v < dims.vertices; v++) { sum += x[start + v * dims.channels]; }
  y[i] = sum / f32(dims.vertices);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i / (dims.vertices * dims.channels) * dims.channels + i % dims.channels] / f32(dims.vertices);
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
