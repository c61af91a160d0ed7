// Global transforms of a kinematic tree, parents before children:
//   M_0 = [R_0 | J_0],  M_k = [R_k | J_k - J_parent(k)],   G_0 = M_0,  G_k = G_parent(k) M_k
// Row r of G_k depends only on row r of G_parent(k), so three threads share a sample. With D_k the whole gradient of G_k:
//   D_parent(k) += D_k M_k^T, from the last joint to the first
//   d_R_k = Gp^T D_k[:, :3],  d_t_k = Gp^T D_k[:, 3]  with Gp the rotation of G_parent(k), the identity for the root
//   d_J_k = d_t_k - sum over the children c of k, ascending, of d_t_c
// Source: Loper et al. 2015 (SMPL), eq. 3 and 4.

struct Dims { batch: u32, joints: u32, add_d_rotations: u32, add_d_rest: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> rotations: array<f32>;            // [batch, joints, 3, 3]
@group(0) @binding(2) var<storage, read> rest: array<f32>;                 // [batch, joints, 3]
@group(0) @binding(3) var<storage, read> parents: array<u32>;              // [joints], ROOT for joint 0
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;            // [batch, joints, 3], rows of the 3x4 transforms
@group(0) @binding(5) var<storage, read> d_y: array<vec4f>;                // as y
@group(0) @binding(6) var<storage, read_write> whole: array<vec4f>;        // as y: D
@group(0) @binding(7) var<storage, read> transforms: array<vec4f>;         // y, in the backward
@group(0) @binding(8) var<storage, read> d_whole: array<vec4f>;            // whole, once it is complete
@group(0) @binding(9) var<storage, read_write> d_rotations: array<f32>;    // as rotations
@group(0) @binding(10) var<storage, read_write> d_rest: array<f32>;        // as rest

const ROOT = 0xffffffffu;

fn rotation_row(joint: u32, row: u32) -> vec3f {
  let at = 9u * joint + 3u * row;
  return vec3f(rotations[at], rotations[at + 1u], rotations[at + 2u]);
}

fn rest_of(joint: u32) -> vec3f { return vec3f(rest[3u * joint], rest[3u * joint + 1u], rest[3u * joint + 2u]); }

// Threads per (sample, row of the transforms).
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= 3u * dims.batch) { return; }
  let first = i / 3u * dims.joints;
  let row = i % 3u;
  y[3u * first + row] = vec4f(rotation_row(first, row), rest[3u * first + row]);
  for (var k = 1u; k < dims.joints; k++) {
    let joint = first + k;
    let parent = first + parents[k];
    let g = y[3u * parent + row];
    let offset = rest_of(joint) - rest_of(parent);
    let rotated = g.x * rotation_row(joint, 0u) + g.y * rotation_row(joint, 1u) + g.z * rotation_row(joint, 2u);
    y[3u * joint + row] = vec4f(rotated, dot(g.xyz, offset) + g.w);
  }
}

// Threads per (sample, row): the gradient that reaches each joint directly and through its children.
@compute @workgroup_size(64)
fn backward_chain(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= 3u * dims.batch) { return; }
  let first = i / 3u * dims.joints;
  let row = i % 3u;
  for (var k = 0u; k < dims.joints; k++) { whole[3u * (first + k) + row] = d_y[3u * (first + k) + row]; }
  for (var k = dims.joints - 1u; k > 0u; k--) {
    let joint = first + k;
    let parent = first + parents[k];
    let d = whole[3u * joint + row];
    let offset = rest_of(joint) - rest_of(parent);
    let back = vec3f(
      dot(d.xyz, rotation_row(joint, 0u)),
      dot(d.xyz, rotation_row(joint, 1u)),
      dot(d.xyz, rotation_row(joint, 2u)),
    );
    whole[3u * parent + row] += vec4f(back + d.w * offset, d.w);
  }
}

// Columns of the parent's rotation in the rows of the result: its transpose.
fn parent_rotation(first: u32, k: u32) -> mat3x3f {
  let parent = parents[k];
  if (parent == ROOT) { return mat3x3f(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0); }
  let at = 3u * (first + parent);
  // WGSL's matrices are made of columns, so that rows put side by side are the transpose.
  return mat3x3f(transforms[at].xyz, transforms[at + 1u].xyz, transforms[at + 2u].xyz);
}

fn d_offset(first: u32, k: u32) -> vec3f {
  let at = 3u * (first + k);
  return parent_rotation(first, k) * vec3f(d_whole[at].w, d_whole[at + 1u].w, d_whole[at + 2u].w);
}

// One thread per (sample, joint).
@compute @workgroup_size(64)
fn backward_rotations(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.joints) { return; }
  let k = i % dims.joints;
  let up = parent_rotation(i - k, k);
  let d = transpose(up * mat3x3f(
    vec3f(d_whole[3u * i].x, d_whole[3u * i + 1u].x, d_whole[3u * i + 2u].x),
    vec3f(d_whole[3u * i].y, d_whole[3u * i + 1u].y, d_whole[3u * i + 2u].y),
    vec3f(d_whole[3u * i].z, d_whole[3u * i + 1u].z, d_whole[3u * i + 2u].z),
  ));
  for (var row = 0u; row < 3u; row++) {
    let at = 9u * i + 3u * row;
    var values = d[row];
    if (dims.add_d_rotations != 0u) { values += vec3f(d_rotations[at], d_rotations[at + 1u], d_rotations[at + 2u]); }
    d_rotations[at] = values.x;
    d_rotations[at + 1u] = values.y;
    d_rotations[at + 2u] = values.z;
  }
}

// One thread per (sample, joint).
@compute @workgroup_size(64)
fn backward_rest(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.joints) { return; }
  let k = i % dims.joints;
  let first = i - k;
  var d = d_offset(first, k);
  for (var child = k + 1u; child < dims.joints; child++) {
    if (parents[child] == k) { d -= d_offset(first, child); }
  }
  if (dims.add_d_rest != 0u) { d += vec3f(d_rest[3u * i], d_rest[3u * i + 1u], d_rest[3u * i + 2u]); }
  d_rest[3u * i] = d.x;
  d_rest[3u * i + 1u] = d.y;
  d_rest[3u * i + 2u] = d.z;
}
