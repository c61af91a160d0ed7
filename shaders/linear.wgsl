// y = residual + row_scale * activation(x weight^T + bias); the forward is a GEMM with the epilogue lib/gemm-linear.wgsl.
//   d_pre      = row_scale * activation'(pre) * d_y          (one pass, which also sums d_bias over chunks of rows)
//   d_residual = d_y
//   d_x        = d_pre weight,  d_weight = d_pre^T x,  d_bias = sum over rows of d_pre
// Where row_scale is 0, d_pre is 0 whatever pre and d_y hold.
// Source: torch.nn.Linear; stochastic depth after Huang et al. 2016 (row_scale is 0 or 1 / keep).

struct Dims { rows: u32, cols: u32, rows_per_sample: u32, add_d_residual: u32 }

override ACTIVATION: u32 = 0u;  // 0 none, 1 GELU, 2 ReLU
override HAS_ROW_SCALE: bool = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> d_y: array<f32>;               // [rows, cols]
@group(0) @binding(2) var<storage, read> pre: array<f32>;               // [rows, cols], from the forward
@group(0) @binding(3) var<storage, read> row_scale: array<f32>;         // [rows / rows_per_sample]
@group(0) @binding(4) var<storage, read_write> d_pre: array<f32>;       // [rows, cols]
@group(0) @binding(5) var<storage, read_write> d_residual: array<f32>;  // [rows, cols]
@group(0) @binding(6) var<storage, read_write> part: array<f32>;        // [chunks, cols], d_bias of a chunk of rows

const CHUNK = 64u;

fn d_pre_at(row: u32, i: u32) -> f32 {
  var d = d_y[i];
  if (HAS_ROW_SCALE) {
    let scale = row_scale[row / dims.rows_per_sample];
    if (scale == 0.0) { return 0.0; }
    d *= scale;
  }
  if (ACTIVATION == 1u) { d *= gelu_derivative(pre[i]); }
  if (ACTIVATION == 2u) { d = select(0.0, d, pre[i] > 0.0); }
  return d;
}

fn pass_residual(i: u32) {
  var d = d_y[i];
  if (dims.add_d_residual != 0u) { d += d_residual[i]; }
  d_residual[i] = d;
}

// All entry points: one thread per (column, chunk of rows).

@compute @workgroup_size(64)
fn backward_residual(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.cols) { return; }
  var sum = 0.0;
  for (var row = id.y * CHUNK; row < min(dims.rows, (id.y + 1u) * CHUNK); row++) {
    let i = row * dims.cols + id.x;
    sum += d_y[i];
    pass_residual(i);
  }
  part[id.y * dims.cols + id.x] = sum;
}

@compute @workgroup_size(64)
fn backward_pre(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.cols) { return; }
  var sum = 0.0;
  for (var row = id.y * CHUNK; row < min(dims.rows, (id.y + 1u) * CHUNK); row++) {
    let i = row * dims.cols + id.x;
    let d = d_pre_at(row, i);
    d_pre[i] = d;
    sum += d;
  }
  part[id.y * dims.cols + id.x] = sum;
}

@compute @workgroup_size(64)
fn backward_pre_residual(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= dims.cols) { return; }
  var sum = 0.0;
  for (var row = id.y * CHUNK; row < min(dims.rows, (id.y + 1u) * CHUNK); row++) {
    let i = row * dims.cols + id.x;
    let d = d_pre_at(row, i);
    d_pre[i] = d;
    sum += d;
    pass_residual(i);
  }
  part[id.y * dims.cols + id.x] = sum;
}
