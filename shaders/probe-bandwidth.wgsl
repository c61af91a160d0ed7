// What an adapter's memory gives at best: the triad of the STREAM benchmark, y = a + factor * b. Each thread takes eight numbers
// that lie `threads` apart, so that neighbours read neighbouring addresses.

struct Dims { size: u32, threads: u32, factor: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // [size]
@group(0) @binding(2) var<storage, read> b: array<f32>;        // [size]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [size]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  var i = id.x;
  for (var k = 0u; k < 8u; k++) {
    if (i < dims.size) { y[i] = a[i] + dims.factor * b[i]; }
    i += dims.threads;
  }
}
