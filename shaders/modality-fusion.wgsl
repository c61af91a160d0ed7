// y = rgb + (has_depth ? depth : placeholder).
//   d_rgb = d_y,  d_depth = d_y where the sample has depth, else exactly 0,
//   d_placeholder = sum of d_y over the samples without depth, ascending
// A sample without depth never reads its depth, so NaN there does no harm.

struct Dims { batch: u32, size: u32, add_d_rgb: u32, add_d_depth: u32, add_d_placeholder: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> rgb: array<f32>;                    // [B, N, D], N * D = size
@group(0) @binding(2) var<storage, read> depth: array<f32>;                  // [B, N, D]
@group(0) @binding(3) var<storage, read> placeholder: array<f32>;            // [1, N, D]
@group(0) @binding(4) var<storage, read> has_depth: array<f32>;              // [B], 0 or 1
@group(0) @binding(5) var<storage, read_write> y: array<f32>;                // [B, N, D]
@group(0) @binding(6) var<storage, read> d_y: array<f32>;                    // [B, N, D]
@group(0) @binding(7) var<storage, read_write> d_rgb: array<f32>;            // [B, N, D]
@group(0) @binding(8) var<storage, read_write> d_depth: array<f32>;          // [B, N, D]
@group(0) @binding(9) var<storage, read_write> d_placeholder: array<f32>;    // [1, N, D]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.size) { return; }
  var second = placeholder[i % dims.size];
  if (has_depth[i / dims.size] != 0.0) { second = depth[i]; }
  y[i] = rgb[i] + second;
}

@compute @workgroup_size(64)
fn backward_rgb(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.size) { return; }
  var d = d_y[i];
  if (dims.add_d_rgb != 0u) { d += d_rgb[i]; }
  d_rgb[i] = d;
}

@compute @workgroup_size(64)
fn backward_depth(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.size) { return; }
  var d = select(0.0, d_y[i], has_depth[i / dims.size] != 0.0);
  if (dims.add_d_depth != 0u) { d += d_depth[i]; }
  d_depth[i] = d;
}

@compute @workgroup_size(64)
fn backward_placeholder(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = 0.0;
  for (var sample = 0u; sample < dims.batch; sample++) {
    if (has_depth[sample] == 0.0) { d += d_y[sample * dims.size + i]; }
  }
  if (dims.add_d_placeholder != 0u) { d += d_placeholder[i]; }
  d_placeholder[i] = d;
}
