// One addition of the tree over micro-batches, y = flush(y) + flush(x), and after the last one the mean:
//   sum:  y = 0 where the sum is denormal or zero          (shift 0, factor 1)
//   mean: y = 0 where |sum| < M 2^-126, else sum / M       (shift log2 M, factor 1 / M)
// where flush(x) is +0 for denormals and both zeros. The same rule as in src/ranks/mean-loops.ts, so that the bits do not
// depend on who adds: adapters may keep denormals or not. Tests are of bits, on which no adapter makes assumptions.

struct Dims { quads: u32, shift: u32, factor: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;        // [quads], floats by their bits
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;  // [quads]

fn exponent(bits: vec4u) -> vec4u { return (bits >> vec4u(23u)) & vec4u(0xffu); }

// The number, +0 where its biased exponent is not above `shift`.
fn cut(bits: vec4u, shift: u32) -> vec4f {
  return bitcast<vec4f>(select(vec4u(0u), bits, exponent(bits) > vec4u(shift)));
}

@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3u) {
  let q = flat_index(id);
  if (q >= dims.quads) { return; }
  let sum = cut(y[q], 0u) + cut(x[q], 0u);
  y[q] = bitcast<vec4u>(cut(bitcast<vec4u>(sum), dims.shift) * dims.factor);
}
