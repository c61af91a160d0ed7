// y_b = factor * sum over points p and coordinates c of w_bp |d_bpc|,
//   d_bpc = (pred_bpc - pred_root_b0c) - (truth_bpc - times * truth_root_b0c)   (roots only when has_root)
//   w_bp  = flag_b * confidence_bp, confidence being truth's last column        (each 1 when absent)
// A term of weight 0 is skipped, not multiplied: what it would read may be NaN.
//
//   d_pred_bpc      = d_y_b * factor * w_bp * sign(d_bpc)
//   d_pred_root_b0c = - sum over p of the same; the root's other points get 0
// sign(0) = 0, as torch's l1_loss. The sign of a non-finite number is that number, so that the optimiser's check sees it.

struct Dims {
  samples: u32,
  points: u32,
  coords: u32,
  truth_stride: u32,      // coords, or coords + 1 with a confidence column
  root_points: u32,       // points of a sample of pred_root
  truth_root_floats: u32, // numbers of a sample of truth_root
  has_root: u32,
  has_flag: u32,
  has_confidence: u32,
  times: f32,
  factor: f32,
  add_d_pred: u32,
  add_d_pred_root: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> pred: array<f32>;                // [samples, points, coords]
@group(0) @binding(2) var<storage, read> truth: array<f32>;               // [samples, points, truth_stride]
@group(0) @binding(3) var<storage, read> pred_root: array<f32>;           // [samples, root_points, coords]
@group(0) @binding(4) var<storage, read> truth_root: array<f32>;          // [samples, truth_root_floats]
@group(0) @binding(5) var<storage, read> flag: array<f32>;                // [samples]
@group(0) @binding(6) var<storage, read_write> y: array<f32>;             // [samples]
@group(0) @binding(7) var<storage, read> d_y: array<f32>;                 // [samples]
@group(0) @binding(8) var<storage, read_write> d_pred: array<f32>;        // [samples, points, coords]
@group(0) @binding(9) var<storage, read_write> d_pred_root: array<f32>;   // [samples, root_points, coords]

fn weight(sample: u32, point: u32) -> f32 {
  if (dims.has_flag != 0u && flag[sample] == 0.0) { return 0.0; }
  if (dims.has_confidence == 0u) { return 1.0; }
  return truth[(sample * dims.points + point) * dims.truth_stride + dims.coords];
}

fn difference(sample: u32, point: u32, coord: u32) -> f32 {
  let row = sample * dims.points + point;
  let p = pred[row * dims.coords + coord];
  let t = truth[row * dims.truth_stride + coord];
  if (dims.has_root == 0u) { return p - t; }
  let p_root = pred_root[sample * dims.root_points * dims.coords + coord];
  let t_root = truth_root[sample * dims.truth_root_floats + coord];
  return (p - p_root) - (t - dims.times * t_root);
}

fn sign_of(d: f32) -> f32 {
  if ((bitcast<u32>(d) & 0x7f800000u) == 0x7f800000u) { return d; }
  return select(select(0.0, -1.0, d < 0.0), 1.0, d > 0.0);
}

fn weighted_sign(sample: u32, point: u32, coord: u32) -> f32 {
  let w = weight(sample, point);
  if (w == 0.0) { return 0.0; }
  return w * sign_of(difference(sample, point, coord));
}

// One workgroup per sample.
@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let sample = group.x;
  var sum = 0.0;
  for (var p = thread; p < dims.points; p += WORKGROUP) {
    let w = weight(sample, p);
    if (w == 0.0) { continue; }
    for (var c = 0u; c < dims.coords; c++) { sum += w * abs(difference(sample, p, c)); }
  }
  let total = workgroup_sum(sum, thread);
  if (thread == 0u) { y[sample] = dims.factor * total; }
}

@compute @workgroup_size(64)
fn backward_points(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.samples * dims.points * dims.coords) { return; }
  let point = i / dims.coords;
  let sample = point / dims.points;
  var d = d_y[sample] * dims.factor * weighted_sign(sample, point % dims.points, i % dims.coords);
  if (dims.add_d_pred != 0u) { d += d_pred[i]; }
  d_pred[i] = d;
}

// One workgroup per sample.
@compute @workgroup_size(WORKGROUP)
fn backward_root(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let sample = group.x;
  for (var c = 0u; c < dims.coords; c++) {
    var sum = 0.0;
    for (var p = thread; p < dims.points; p += WORKGROUP) { sum += weighted_sign(sample, p, c); }
    let total = -d_y[sample] * dims.factor * workgroup_sum(sum, thread);
    for (var r = thread; r < dims.root_points; r += WORKGROUP) {
      let i = (sample * dims.root_points + r) * dims.coords + c;
      var d = select(0.0, total, r == 0u);
      if (dims.add_d_pred_root != 0u) { d += d_pred_root[i]; }
      d_pred_root[i] = d;
    }
  }
}
