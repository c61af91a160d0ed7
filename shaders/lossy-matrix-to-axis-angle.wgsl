// The original's inverse of Rodrigues, defects included:
//   c = clamp((tr(R) - 1) / 2, -1 + 1e-7, 1 - 1e-7),  angle = acos(c),
//   y = angle / (2 sin(angle)) * (R32 - R23, R13 - R31, R21 - R12),   and y = 0 where angle < 1e-3.
// Gradient, with f(c) = angle / (2 sin(angle)), f'(c) = (angle c / sin(angle) - 1) / (2 sin(angle)^2), as torch has it:
//   d_R's antisymmetric part = f * d_y;  its diagonal = f' / 2 * (d_y . axial), zero where c was clamped; zero below 1e-3.
// So: exact zeros near 0, and near pi an axis that shrinks to nothing with a gradient in the thousands.
// acos: Cephes polynomial, because WGSL promises its own only to 2^-11.

struct Dims { count: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [count, 3, 3]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [count, 3]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [count, 3]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [count, 3, 3]

const LIMIT = 1.0 - 1e-7;
const SMALL = 1e-3;

// asin of s in [0, 0.71].
fn small_asin(s: f32) -> f32 {
  let z = s * s;
  return s + s * z * (1.6666752422e-1 + z * (7.4953002686e-2 + z * (4.5470025998e-2
    + z * (2.4181311049e-2 + z * 4.2163199048e-2))));
}

fn arc_cosine(c: f32) -> f32 {
  if (c > 0.5) { return 2.0 * small_asin(sqrt(0.5 * (1.0 - c))); }
  if (c < -0.5) { return 3.14159265358979 - 2.0 * small_asin(sqrt(0.5 * (1.0 + c))); }
  return 1.57079632679490 - select(small_asin(c), -small_asin(-c), c < 0.0);
}

fn axial(at: u32) -> vec3f {
  return vec3f(x[at + 7u] - x[at + 5u], x[at + 2u] - x[at + 6u], x[at + 3u] - x[at + 1u]);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let at = 9u * i;
  let c = clamp(0.5 * (x[at] + x[at + 4u] + x[at + 8u] - 1.0), -LIMIT, LIMIT);
  let angle = arc_cosine(c);
  let v = select(axial(at) * (0.5 * angle / sqrt((1.0 - c) * (1.0 + c))), vec3f(0.0), angle < SMALL);
  y[3u * i] = v.x;
  y[3u * i + 1u] = v.y;
  y[3u * i + 2u] = v.z;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let at = 9u * i;
  let raw = 0.5 * (x[at] + x[at + 4u] + x[at + 8u] - 1.0);
  let c = clamp(raw, -LIMIT, LIMIT);
  let angle = arc_cosine(c);
  let sine = sqrt((1.0 - c) * (1.0 + c));
  let g = vec3f(d_y[3u * i], d_y[3u * i + 1u], d_y[3u * i + 2u]);
  var skew = g * (0.5 * angle / sine);
  var diagonal = select(0.0, 0.25 * (angle * c / sine - 1.0) / (sine * sine) * dot(g, axial(at)), raw == c);
  if (angle < SMALL) { skew = vec3f(0.0); diagonal = 0.0; }
  let rows = mat3x3f(vec3f(diagonal, -skew.z, skew.y), vec3f(skew.z, diagonal, -skew.x), vec3f(-skew.y, skew.x, diagonal));
  for (var row = 0u; row < 3u; row++) {
    var d = rows[row];
    if (dims.add_d_x != 0u) { d += vec3f(d_x[at + 3u * row], d_x[at + 3u * row + 1u], d_x[at + 3u * row + 2u]); }
    d_x[at + 3u * row] = d.x;
    d_x[at + 3u * row + 1u] = d.y;
    d_x[at + 3u * row + 2u] = d.z;
  }
}
