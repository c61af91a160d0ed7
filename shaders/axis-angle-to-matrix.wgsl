// Rodrigues: R = I + a [v]x + b [v]x^2, with t = |v|^2, a = sin(|v|) / |v|, b = (1 - cos(|v|)) / t.
// In entries, [v]x^2 = v v^T - t I:  R = (1 - b t) I + a [v]x + b v v^T.
// With G = d_y, s = the axial part (G32 - G23, G13 - G31, G21 - G12), and S = G + G^T:
//   d_v = a s + b S v - 2 b tr(G) v + (2 a' (s . v) + 2 b' (v^T G v - t tr(G))) v,     ' = d/dt
//   2 a' = (cos - a) / t,   2 b' = (a - 2 b) / t
// All four coefficients are analytic in t; below t = 1 they are summed as series, so 0 needs no case of its own.
// Source: Rodrigues' formula as in Romero, Tzionas, Black 2017; sin and cos: Cody-Waite reduction and Cephes polynomials,
// because WGSL promises its own only to 2^-11.

struct Dims { count: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [count, 3]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [count, 3, 3]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [count, 3, 3]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [count, 3]

// sin and cos of an angle >= 0.
fn sine_cosine(angle: f32) -> vec2f {
  let n = round(angle * 0.63661977236758134);
  let r = ((angle - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.54978995489188216e-8;
  let z = r * r;
  let s = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 + z * -1.9515295891e-4));
  let c = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  let quadrant = u32(n) & 3u;
  let swapped = select(vec2f(s, c), vec2f(c, s), (quadrant & 1u) == 1u);
  return swapped * vec2f(select(1.0, -1.0, quadrant >= 2u), select(1.0, -1.0, quadrant == 1u || quadrant == 2u));
}

// (a, b, 2 a', 2 b') at t = |v|^2.
fn coefficients(t: f32) -> vec4f {
  if (t < 1.0) {
    return vec4f(
      1.0 + t * (-1.0 / 6.0 + t * (1.0 / 120.0 + t * (-1.0 / 5040.0 + t * (1.0 / 362880.0 - t / 39916800.0)))),
      0.5 + t * (-1.0 / 24.0 + t * (1.0 / 720.0 + t * (-1.0 / 40320.0 + t * (1.0 / 3628800.0 - t / 479001600.0)))),
      -1.0 / 3.0 + t * (1.0 / 30.0 + t * (-1.0 / 840.0 + t * (1.0 / 45360.0 - t / 3991680.0))),
      -1.0 / 12.0 + t * (1.0 / 180.0 + t * (-1.0 / 6720.0 + t * (1.0 / 453600.0 - t / 47900160.0))),
    );
  }
  let angle = sqrt(t);
  let full = sine_cosine(angle);
  let a = full.x / angle;
  let b = (1.0 - full.y) / t;
  return vec4f(a, b, (full.y - a) / t, (a - 2.0 * b) / t);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let v = vec3f(x[3u * i], x[3u * i + 1u], x[3u * i + 2u]);
  let k = coefficients(dot(v, v));
  let s = k.x * v;
  let w = k.y * v;
  let at = 9u * i;
  y[at] = 1.0 - w.y * v.y - w.z * v.z;
  y[at + 1u] = w.x * v.y - s.z;
  y[at + 2u] = w.x * v.z + s.y;
  y[at + 3u] = w.x * v.y + s.z;
  y[at + 4u] = 1.0 - w.x * v.x - w.z * v.z;
  y[at + 5u] = w.y * v.z - s.x;
  y[at + 6u] = w.x * v.z - s.y;
  y[at + 7u] = w.y * v.z + s.x;
  y[at + 8u] = 1.0 - w.x * v.x - w.y * v.y;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.count) { return; }
  let v = vec3f(x[3u * i], x[3u * i + 1u], x[3u * i + 2u]);
  let t = dot(v, v);
  let k = coefficients(t);
  let at = 9u * i;
  let row0 = vec3f(d_y[at], d_y[at + 1u], d_y[at + 2u]);
  let row1 = vec3f(d_y[at + 3u], d_y[at + 4u], d_y[at + 5u]);
  let row2 = vec3f(d_y[at + 6u], d_y[at + 7u], d_y[at + 8u]);
  let axial = vec3f(row2.y - row1.z, row0.z - row2.x, row1.x - row0.y);
  let trace = row0.x + row1.y + row2.z;
  let g_v = vec3f(dot(row0, v), dot(row1, v), dot(row2, v));
  let gt_v = row0 * v.x + row1 * v.y + row2 * v.z;
  let radial = k.z * dot(axial, v) + k.w * (dot(v, g_v) - t * trace);
  var d = k.x * axial + k.y * (g_v + gt_v - 2.0 * trace * v) + radial * v;
  if (dims.add_d_x != 0u) { d += vec3f(d_x[3u * i], d_x[3u * i + 1u], d_x[3u * i + 2u]); }
  d_x[3u * i] = d.x;
  d_x[3u * i + 1u] = d.y;
  d_x[3u * i + 2u] = d.z;
}
