// Gram-Schmidt on two contiguous 3-vectors a1, a2; b1, b2, b3 are the columns of the rotation.
//   b1 = a1 / |a1|,  u = a2 - (b1 . a2) b1,  b2 = u / |u|,  b3 = b1 x b2        (|v| is max(|v|, 1e-12))
// With g1, g2, g3 the columns of d_y:
//   d_b2 = g2 + g3 x b1,   d_u  = normalize'(d_b2),  d_a2 = d_u - (b1 . d_u) b1
//   d_b1 = g1 + b2 x g3 - (b1 . a2) d_u - (b1 . d_u) a2,   d_a1 = normalize'(d_b1)
//   normalize'(g) = (g - b (b . g)) / |v|
// Source: Zhou et al. 2019, "On the Continuity of Rotation Representations in Neural Networks", eq. 16;
// torch.nn.functional.normalize for the epsilon.

struct Dims { count: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [count, 6]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [count, 3, 3]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [count, 3, 3]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [count, 6]

const EPS = 1e-12;

fn load_x(at: u32) -> vec3f { return vec3f(x[at], x[at + 1u], x[at + 2u]); }
fn load_column(at: u32) -> vec3f { return vec3f(d_y[at], d_y[at + 3u], d_y[at + 6u]); }

// Gradient of v / max(|v|, EPS), given b = v / max(|v|, EPS) and |v|.
fn normalize_backward(g: vec3f, b: vec3f, norm: f32) -> vec3f {
  if (norm < EPS) { return g / EPS; }
  return (g - b * dot(b, g)) / norm;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let a1 = load_x(6u * i);
  let a2 = load_x(6u * i + 3u);
  let b1 = a1 / max(length(a1), EPS);
  let u = a2 - dot(b1, a2) * b1;
  let b2 = u / max(length(u), EPS);
  let b3 = cross(b1, b2);
  for (var row = 0u; row < 3u; row++) {
    y[9u * i + 3u * row] = b1[row];
    y[9u * i + 3u * row + 1u] = b2[row];
    y[9u * i + 3u * row + 2u] = b3[row];
  }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let a1 = load_x(6u * i);
  let a2 = load_x(6u * i + 3u);
  let norm1 = length(a1);
  let b1 = a1 / max(norm1, EPS);
  let along = dot(b1, a2);
  let u = a2 - along * b1;
  let norm2 = length(u);
  let b2 = u / max(norm2, EPS);

  let g3 = load_column(9u * i + 2u);
  let d_u = normalize_backward(load_column(9u * i + 1u) + cross(g3, b1), b2, norm2);
  let d_along = dot(b1, d_u);
  var d_a2 = d_u - d_along * b1;
  let d_b1 = load_column(9u * i) + cross(b2, g3) - along * d_u - d_along * a2;
  var d_a1 = normalize_backward(d_b1, b1, norm1);
  if (dims.add_d_x != 0u) {
    d_a1 += vec3f(d_x[6u * i], d_x[6u * i + 1u], d_x[6u * i + 2u]);
    d_a2 += vec3f(d_x[6u * i + 3u], d_x[6u * i + 4u], d_x[6u * i + 5u]);
  }
  for (var c = 0u; c < 3u; c++) {
    d_x[6u * i + c] = d_a1[c];
    d_x[6u * i + 3u + c] = d_a2[c];
  }
}
