// y_b = flag_b * factor * sum over i of (pred_bi - truth_bi)^2; without truth, of pred_bi^2.
//   d_pred_bi = d_y_b * flag_b * factor * 2 (pred_bi - truth_bi)
// A sample of flag 0 is skipped, not multiplied: its truth may be NaN.

struct Dims { samples: u32, size: u32, has_truth: u32, has_flag: u32, factor: f32, add_d_pred: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> pred: array<f32>;          // [samples, size]
@group(0) @binding(2) var<storage, read> truth: array<f32>;         // [samples, size]
@group(0) @binding(3) var<storage, read> flag: array<f32>;          // [samples]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;       // [samples]
@group(0) @binding(5) var<storage, read> d_y: array<f32>;           // [samples]
@group(0) @binding(6) var<storage, read_write> d_pred: array<f32>;  // [samples, size]

fn skipped(sample: u32) -> bool { return dims.has_flag != 0u && flag[sample] == 0.0; }

fn difference(i: u32) -> f32 {
  if (dims.has_truth == 0u) { return pred[i]; }
  return pred[i] - truth[i];
}

// One workgroup per sample.
@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let sample = group.x;
  var sum = 0.0;
  if (!skipped(sample)) {
    for (var i = thread; i < dims.size; i += WORKGROUP) {
      let d = difference(sample * dims.size + i);
      sum += d * d;
    }
  }
  let total = workgroup_sum(sum, thread);
  if (thread == 0u) { y[sample] = dims.factor * total; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.samples * dims.size) { return; }
  let sample = i / dims.size;
  var d = 0.0;
  if (!skipped(sample)) { d = d_y[sample] * dims.factor * 2.0 * difference(i); }
  if (dims.add_d_pred != 0u) { d += d_pred[i]; }
  d_pred[i] = d;
}
