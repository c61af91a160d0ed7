// y = mask[sample] * x, exactly 0 where the mask is 0, even beside NaN.  d_x = mask[sample] * d_y, likewise
// Source: Huang et al. 2016, "Deep Networks with Stochastic Depth"; timm's DropPath (the mask is 0 or 1 / keep).

struct Dims { size: u32, per_sample: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, ...]
@group(0) @binding(2) var<storage, read> mask: array<f32>;       // [B]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // [B, ...]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;        // [B, ...]
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;  // [B, ...]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let factor = mask[i / dims.per_sample];
  y[i] = select(0.0, factor * x[i], factor != 0.0);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let factor = mask[i / dims.per_sample];
  var d = select(0.0, factor * d_y[i], factor != 0.0);
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
