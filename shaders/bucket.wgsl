// Moves a bucket of gradients between the parameter store and a staging buffer, and adds two staging buffers.
//   pack: y = x    unpack: y = factor * x    add: y = y + x

struct Dims { quads: u32, factor: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [quads]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [quads]

@compute @workgroup_size(64)
fn pack(@builtin(global_invocation_id) id: vec3u) {
  let q = flat_index(id);
  if (q < dims.quads) { y[q] = x[q]; }
}

@compute @workgroup_size(64)
fn unpack(@builtin(global_invocation_id) id: vec3u) {
  let q = flat_index(id);
  if (q < dims.quads) { y[q] = dims.factor * x[q]; }
}

@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3u) {
  let q = flat_index(id);
  if (q < dims.quads) { y[q] += x[q]; }
}
