// What an adapter's memory gives at best: the triad of the STREAM benchmark, y = a + factor * b. Each thread takes four quads
// that lie `threads` apart, so that neighbours read neighbouring addresses.

struct Dims { quads: u32, threads: u32, factor: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;        // [quads]
@group(0) @binding(2) var<storage, read> b: array<vec4f>;        // [quads]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [quads]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  var i = id.x;
  for (var k = 0u; k < 4u; k++) {
    if (i < dims.quads) { y[i] = a[i] + dims.factor * b[i]; }
    i += dims.threads;
  }
}
