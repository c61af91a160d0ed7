// y = (softplus(x0), x1, x2) per sample: the scale of a weak-perspective camera cannot pass zero.
//   softplus(v) = log(1 + exp(v)) = max(v, 0) + log1p(exp(-|v|));   its derivative is 1 / (1 + exp(-v))
// log1p(e) = 2 atanh(e / (2 + e)), whose argument is at most 1/3, as a series: relative accuracy for tiny scales too.
// Source: torch.nn.functional.softplus.

struct Dims { size: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, 3]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [B, 3]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [B, 3]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [B, 3]

fn softplus(v: f32) -> f32 {
  let e = exp(-abs(v));
  let z = e / (2.0 + e);
  let q = z * z;
  let series = 1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0)))));
  return max(v, 0.0) + 2.0 * z * series;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  if (i % 3u == 0u) { y[i] = softplus(x[i]); } else { y[i] = x[i]; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i];
  if (i % 3u == 0u) {
    let e = exp(-abs(x[i]));
    d *= select(e, 1.0, x[i] >= 0.0) / (1.0 + e);
  }
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
