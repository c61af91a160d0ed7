// Perspective projection with a weak-perspective camera (s, tx, ty) and a focal length f per sample:
//   z = Z + 2 f / s,   y = (f (X + tx) / z, f (Y + ty) / z)
//   d_X = f / z g_x,  d_Y = f / z g_y,  d_Z = -(y_x g_x + y_y g_y) / z
//   d_tx = sum of d_X,  d_ty = sum of d_Y,  d_s = -2 f / s^2 * sum of d_Z        over the points
// Source: Goel et al. 2023 (4D-Humans), Pavlakos et al. 2024 (HaMeR): perspective_projection with tz = 2 f / (S s).

struct Dims { points: u32, size: u32, add_d_x: u32, add_d_camera: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [B, points, 3], metres
@group(0) @binding(2) var<storage, read> camera: array<f32>;          // [B, 3]
@group(0) @binding(3) var<storage, read> focal: array<f32>;           // [B]
@group(0) @binding(4) var<storage, read_write> y: array<vec2f>;       // [B, points]
@group(0) @binding(5) var<storage, read> d_y: array<vec2f>;           // [B, points]
@group(0) @binding(6) var<storage, read_write> d_x: array<f32>;       // [B, points, 3]
@group(0) @binding(7) var<storage, read_write> d_camera: array<f32>;  // [B, 3]

// (X + tx, Y + ty, z) of point i of sample b.
fn in_camera(i: u32, b: u32) -> vec3f {
  let scale = camera[3u * b];
  return vec3f(x[3u * i] + camera[3u * b + 1u], x[3u * i + 1u] + camera[3u * b + 2u],
    x[3u * i + 2u] + 2.0 * focal[b] / scale);
}

fn d_point(i: u32, b: u32) -> vec3f {
  let p = in_camera(i, b);
  let g = d_y[i] * (focal[b] / p.z);
  return vec3f(g, -(p.x * g.x + p.y * g.y) / p.z);
}

// One thread per point (size = B * points).
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let b = i / dims.points;
  let p = in_camera(i, b);
  y[i] = focal[b] * p.xy / p.z;
}

@compute @workgroup_size(64)
fn backward_points(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_point(i, i / dims.points);
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
  for (var i = thread; i < dims.points; i += WORKGROUP) { sum += d_point(b * dims.points + i, b); }
  let d_tx = workgroup_sum(sum.x, thread);
  let d_ty = workgroup_sum(sum.y, thread);
  let d_tz = workgroup_sum(sum.z, thread);
  if (thread == 0u) {
    let scale = camera[3u * b];
    var d = vec3f(-2.0 * focal[b] / (scale * scale) * d_tz, d_tx, d_ty);
    if (dims.add_d_camera != 0u) { d += vec3f(d_camera[3u * b], d_camera[3u * b + 1u], d_camera[3u * b + 2u]); }
    d_camera[3u * b] = d.x;
    d_camera[3u * b + 1u] = d.y;
    d_camera[3u * b + 2u] = d.z;
  }
}
