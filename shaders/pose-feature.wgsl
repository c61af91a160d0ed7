// y = entries of R_k - I, row-major, for the joints k = 1 .. joints - 1 (the root does not deform the hand).
//   d_x = d_y, and 0 for the root
// Source: Romero, Tzionas, Black 2017, eq. 3 (as in SMPL: Loper et al. 2015, eq. 9).

struct Dims { size: u32, joints: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, joints, 3, 3]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [B, (joints - 1) * 9]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [B, (joints - 1) * 9]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [B, joints, 3, 3]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let features = 9u * (dims.joints - 1u);
  let sample = i / features;
  y[i] = x[i + 9u * (sample + 1u)] - select(0.0, 1.0, i % 9u % 4u == 0u);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let entries = 9u * dims.joints;
  let sample = i / entries;
  var d = 0.0;
  if (i % entries >= 9u) { d = d_y[i - 9u * (sample + 1u)]; }
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
