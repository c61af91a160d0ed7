// Scaled orthographic projection to pixels, camera (s, tx, ty) per sample:
//   y = unit s (X, Y) + offset + (tx, ty)
//   d_X = unit s g_x,  d_Y = unit s g_y,  d_Z = 0;   d_s = unit * sum of (X g_x + Y g_y),  d_tx = sum of g_x,  d_ty = sum of g_y
// Source: UTNet's vertex sampling, where unit is 1000 (millimetres) and the offset half the map.

struct Dims { points: u32, size: u32, unit: f32, offset_x: f32, offset_y: f32, add_d_x: u32, add_d_camera: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [B, points, 3], metres
@group(0) @binding(2) var<storage, read> camera: array<f32>;          // [B, 3]
@group(0) @binding(3) var<storage, read_write> y: array<vec2f>;       // [B, points], pixels
@group(0) @binding(4) var<storage, read> d_y: array<vec2f>;           // [B, points]
@group(0) @binding(5) var<storage, read_write> d_x: array<f32>;       // [B, points, 3]
@group(0) @binding(6) var<storage, read_write> d_camera: array<f32>;  // [B, 3]

// One thread per point (size = B * points).
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let b = i / dims.points;
  let scale = dims.unit * camera[3u * b];
  y[i] = scale * vec2f(x[3u * i], x[3u * i + 1u])
    + vec2f(dims.offset_x + camera[3u * b + 1u], dims.offset_y + camera[3u * b + 2u]);
}

@compute @workgroup_size(64)
fn backward_points(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = vec3f(dims.unit * camera[3u * (i / dims.points)] * d_y[i], 0.0);
  if (dims.add_d_x != 0u) { d += vec3f(d_x[3u * i], d_x[3u * i + 1u], d_x[3u * i + 2u]); }
  d_x[3u * i] = d.x;
  d_x[3u * i + 1u] = d.y;
  d_x[3u * i + 2u] = d.z;
}

// One workgroup per sample.
@compute @workgroup_size(WORKGROUP)
fn backward_camera(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let b = group.x;
  var sum = vec3f(0.0);
  for (var p = thread; p < dims.points; p += WORKGROUP) {
    let i = b * dims.points + p;
    sum += vec3f(dims.unit * (x[3u * i] * d_y[i].x + x[3u * i + 1u] * d_y[i].y), d_y[i]);
  }
  let d_scale = workgroup_sum(sum.x, thread);
  let d_tx = workgroup_sum(sum.y, thread);
  let d_ty = workgroup_sum(sum.z, thread);
  if (thread == 0u) {
    var d = vec3f(d_scale, d_tx, d_ty);
    if (dims.add_d_camera != 0u) { d += vec3f(d_camera[3u * b], d_camera[3u * b + 1u], d_camera[3u * b + 2u]); }
    d_camera[3u * b] = d.x;
    d_camera[3u * b + 1u] = d.y;
    d_camera[3u * b + 2u] = d.z;
  }
}
