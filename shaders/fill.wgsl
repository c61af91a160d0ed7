// y = value, everywhere.

struct Dims { size: u32, value: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [size]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * 4194240u + id.x;
  if (i < dims.size) { y[i] = dims.value; }
}
