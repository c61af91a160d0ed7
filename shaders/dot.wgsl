// y = sum of a * b over all elements.  d_a = d_y * b,  d_b = d_y * a

struct Dims { size: u32, add_d_in: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;           // [size]
@group(0) @binding(2) var<storage, read> b: array<f32>;           // [size]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [1]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;         // [1]
@group(0) @binding(5) var<storage, read> other: array<f32>;       // [size], the other factor
@group(0) @binding(6) var<storage, read_write> d_in: array<f32>;  // [size], d_a or d_b

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < dims.size; i += WORKGROUP) { sum += a[i] * b[i]; }
  let total = workgroup_sum(sum, thread);
  if (thread == 0u) { y[0] = total; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[0] * other[i];
  if (dims.add_d_in != 0u) { d += d_in[i]; }
  d_in[i] = d;
}
