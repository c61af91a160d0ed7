// Linear blend skinning: y_v = sum over k of w_vk (R_k (x_v - J_k) + t_k), where [R_k | t_k] is joint k's global transform;
// the same as A_k (x_v, 1) with A_k = G_k - [0 | R_k J_k].  With g_v = d_y of vertex v:
//   d_x_v = sum over k of w_vk R_k^T g_v
//   d_[R_k | t_k] = sum over v of w_vk g_v (x_v - J_k, 1)^T,   d_J_k = -R_k^T (sum over v of w_vk g_v)
// Sums over vertices are made of chunks of CHUNK vertices and then the chunks, both ascending.
// Source: Loper et al. 2015 (SMPL), eq. 2.

struct Dims {
  batch: u32, vertices: u32, joints: u32, chunks: u32, add_d_x: u32, add_d_transforms: u32, add_d_rest: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                        // [batch, vertices, 3]
@group(0) @binding(2) var<storage, read> transforms: array<vec4f>;             // [batch, joints, 3], rows of the 3x4 transforms
@group(0) @binding(3) var<storage, read> rest: array<f32>;                     // [batch, joints, 3]
@group(0) @binding(4) var<storage, read> weights: array<f32>;                  // [vertices, joints]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;                  // [batch, vertices, 3]
@group(0) @binding(6) var<storage, read> d_y: array<f32>;                      // [batch, vertices, 3]
@group(0) @binding(7) var<storage, read_write> d_x: array<f32>;                // [batch, vertices, 3]
@group(0) @binding(8) var<storage, read_write> part: array<vec4f>;             // [chunks, batch, joints, 3]
@group(0) @binding(9) var<storage, read_write> d_transforms: array<vec4f>;     // as transforms
@group(0) @binding(10) var<storage, read_write> d_rest: array<f32>;            // [batch, joints, 3]

const CHUNK = 64u;

// One thread per (sample, vertex).
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.vertices) { return; }
  let position = vec3f(x[3u * i], x[3u * i + 1u], x[3u * i + 2u]);
  let first = i / dims.vertices * dims.joints;
  let weight_row = i % dims.vertices * dims.joints;
  var sum = vec3f(0.0);
  for (var k = 0u; k < dims.joints; k++) {
    let w = weights[weight_row + k];
    if (w == 0.0) { continue; }
    let at = 3u * (first + k);
    let p = vec4f(position - vec3f(rest[at], rest[at + 1u], rest[at + 2u]), 1.0);
    sum += w * vec3f(dot(transforms[at], p), dot(transforms[at + 1u], p), dot(transforms[at + 2u], p));
  }
  y[3u * i] = sum.x;
  y[3u * i + 1u] = sum.y;
  y[3u * i + 2u] = sum.z;
}

// One thread per (sample, vertex).
@compute @workgroup_size(64)
fn backward_input(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.vertices) { return; }
  let g = vec3f(d_y[3u * i], d_y[3u * i + 1u], d_y[3u * i + 2u]);
  let first = i / dims.vertices * dims.joints;
  let weight_row = i % dims.vertices * dims.joints;
  var d = vec3f(0.0);
  for (var k = 0u; k < dims.joints; k++) {
    let w = weights[weight_row + k];
    if (w == 0.0) { continue; }
    let at = 3u * (first + k);
    d += w * (transforms[at].xyz * g.x + transforms[at + 1u].xyz * g.y + transforms[at + 2u].xyz * g.z);
  }
  if (dims.add_d_x != 0u) { d += vec3f(d_x[3u * i], d_x[3u * i + 1u], d_x[3u * i + 2u]); }
  d_x[3u * i] = d.x;
  d_x[3u * i + 1u] = d.y;
  d_x[3u * i + 2u] = d.z;
}

// One thread per (sample, joint) and chunk of vertices.
@compute @workgroup_size(64)
fn backward_chunks(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let count = dims.batch * dims.joints;
  if (i >= count) { return; }
  let chunk = id.y;
  let first = i / dims.joints * dims.vertices;
  let k = i % dims.joints;
  let joint = vec3f(rest[3u * i], rest[3u * i + 1u], rest[3u * i + 2u]);
  var row0 = vec4f(0.0);
  var row1 = vec4f(0.0);
  var row2 = vec4f(0.0);
  for (var v = chunk * CHUNK; v < min(dims.vertices, (chunk + 1u) * CHUNK); v++) {
    let w = weights[v * dims.joints + k];
    if (w == 0.0) { continue; }
    let at = 3u * (first + v);
    let p = w * vec4f(vec3f(x[at], x[at + 1u], x[at + 2u]) - joint, 1.0);
    row0 += d_y[at] * p;
    row1 += d_y[at + 1u] * p;
    row2 += d_y[at + 2u] * p;
  }
  let out = 3u * (chunk * count + i);
  part[out] = row0;
  part[out + 1u] = row1;
  part[out + 2u] = row2;
}

// One thread per (sample, joint, row).
@compute @workgroup_size(64)
fn backward_transforms(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let count = 3u * dims.batch * dims.joints;
  if (i >= count) { return; }
  var d = vec4f(0.0);
  for (var chunk = 0u; chunk < dims.chunks; chunk++) { d += part[chunk * count + i]; }
  if (dims.add_d_transforms != 0u) { d += d_transforms[i]; }
  d_transforms[i] = d;
}

// One thread per (sample, joint).
@compute @workgroup_size(64)
fn backward_rest(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let count = dims.batch * dims.joints;
  if (i >= count) { return; }
  var g = vec3f(0.0);
  for (var chunk = 0u; chunk < dims.chunks; chunk++) {
    let at = 3u * (chunk * count + i);
    g += vec3f(part[at].w, part[at + 1u].w, part[at + 2u].w);
  }
  var d = -(transforms[3u * i].xyz * g.x + transforms[3u * i + 1u].xyz * g.y + transforms[3u * i + 2u].xyz * g.z);
  if (dims.add_d_rest != 0u) { d += vec3f(d_rest[3u * i], d_rest[3u * i + 1u], d_rest[3u * i + 2u]); }
  d_rest[3u * i] = d.x;
  d_rest[3u * i + 1u] = d.y;
  d_rest[3u * i + 2u] = d.z;
}
