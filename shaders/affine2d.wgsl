// y = x * scale + offset per axis.   d_x = d_y * scale

struct Dims { size: u32, scale_x: f32, scale_y: f32, offset_x: f32, offset_y: f32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec2f>;          // [size]
@group(0) @binding(2) var<storage, read_write> y: array<vec2f>;    // [size]
@group(0) @binding(3) var<storage, read> d_y: array<vec2f>;        // [size]
@group(0) @binding(4) var<storage, read_write> d_x: array<vec2f>;  // [size]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  y[i] = x[i] * vec2f(dims.scale_x, dims.scale_y) + vec2f(dims.offset_x, dims.offset_y);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i] * vec2f(dims.scale_x, dims.scale_y);
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
