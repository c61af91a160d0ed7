// y[b, p] = x[b, p] - root[b, index].
//   d_x = d_y;   d_root[b, index] = -(sum over p, ascending, of d_y[b, p]), 0 for the other joints

struct Dims { size: u32, points: u32, joints: u32, index: u32, add_d_x: u32, add_d_root: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // [B, points, 3]
@group(0) @binding(2) var<storage, read> root: array<f32>;          // [B, joints, 3]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // [B, points, 3]
@group(0) @binding(4) var<storage, read> d_y: array<f32>;           // [B, points, 3]
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;     // [B, points, 3]
@group(0) @binding(6) var<storage, read_write> d_root: array<f32>;  // [B, joints, 3]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let b = i / (3u * dims.points);
  y[i] = x[i] - root[3u * (b * dims.joints + dims.index) + i % 3u];
}

@compute @workgroup_size(64)
fn backward_points(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[i];
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}

// size = B * joints * 3
@compute @workgroup_size(64)
fn backward_root(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = 0.0;
  if (i / 3u % dims.joints == dims.index) {
    let start = 3u * dims.points * (i / (3u * dims.joints)) + i % 3u;
    for (var p = 0u; p < dims.points; p++) { d -= d_y[start + 3u * p]; }
  }
  if (dims.add_d_root != 0u) { d += d_root[i]; }
  d_root[i] = d;
}
