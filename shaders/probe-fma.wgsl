// What an adapter computes at best: eight independent chains of fused multiply-adds on four numbers each, x = factor * x + 1.
// A round has 16 of them, 128 operations; the chains meet in y, or a compiler would leave them out.

struct Dims { rounds: u32, factor: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [threads]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let k = vec4f(dims.factor);
  let one = vec4f(1.0);
  let start = vec4f(f32(id.x % 64u));
  var a = start;
  var b = start + 1.0;
  var c = start + 2.0;
  var d = start + 3.0;
  var e = start + 4.0;
  var f = start + 5.0;
  var g = start + 6.0;
  var h = start + 7.0;
  for (var round = 0u; round < dims.rounds; round++) {
    a = fma(a, k, one);
    b = fma(b, k, one);
    c = fma(c, k, one);
    d = fma(d, k, one);
    e = fma(e, k, one);
    f = fma(f, k, one);
    g = fma(g, k, one);
    h = fma(h, k, one);
    a = fma(a, k, one);
    b = fma(b, k, one);
    c = fma(c, k, one);
    d = fma(d, k, one);
    e = fma(e, k, one);
    f = fma(f, k, one);
    g = fma(g, k, one);
    h = fma(h, k, one);
  }
  let sum = a + b + c + d + e + f + g + h;
  y[id.x] = sum.x + sum.y + sum.z + sum.w;
}
