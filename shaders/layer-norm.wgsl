// y = (x - mean) * rstd * weight + bias, over the last axis of x.
//
// With xhat = (x - mean) * rstd and g = d_y * weight:
//   d_x      = rstd * (g - mean(g) - xhat * mean(g * xhat))
//   d_weight = sum over rows of d_y * xhat
//   d_bias   = sum over rows of d_y
// forward and backward_input sum a row in a workgroup, and *_rows in one thread, in vectors of four columns: on an adapter
// that runs on the CPU a barrier costs more than a row. The sums over rows are made in two stages, chunks of CHUNK rows and
// then the chunks, both ascending.
// Source: Ba, Kiros, Hinton 2016, "Layer Normalization"; torch.nn.LayerNorm (biased variance).

struct Dims { rows: u32, cols: u32, chunks: u32, eps: f32, add_d_x: u32, add_d_x4: u32, add_d_weight: u32, add_d_bias: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [rows, cols]
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [cols]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [cols]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;           // [rows, cols]
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;        // [rows], kept for backward
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;        // [rows], kept for backward
@group(0) @binding(7) var<storage, read> d_y: array<f32>;               // [rows, cols]
@group(0) @binding(8) var<storage, read_write> d_x: array<f32>;         // [rows, cols]
@group(0) @binding(9) var<storage, read_write> part: array<f32>;        // [chunks, 2, cols], d_weight and d_bias of a chunk
@group(0) @binding(10) var<storage, read_write> d_weight: array<f32>;   // [cols]
@group(0) @binding(11) var<storage, read_write> d_bias: array<f32>;     // [cols]
@group(0) @binding(12) var<storage, read> x4: array<vec4f>;             // [rows, cols / 4], the same as x; so the others
@group(0) @binding(13) var<storage, read> weight4: array<vec4f>;        // [cols / 4]
@group(0) @binding(14) var<storage, read> bias4: array<vec4f>;          // [cols / 4]
@group(0) @binding(15) var<storage, read_write> y4: array<vec4f>;       // [rows, cols / 4]
@group(0) @binding(16) var<storage, read> d_y4: array<vec4f>;           // [rows, cols / 4]
@group(0) @binding(17) var<storage, read_write> d_x4: array<vec4f>;     // [rows, cols / 4]

const CHUNK = 64u;

fn sum_of(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

// One workgroup per row.
@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let start = row * dims.cols;

  var sum = 0.0;
  for (var c = thread; c < dims.cols; c += WORKGROUP) { sum += x[start + c]; }
  let row_mean = workgroup_sum(sum, thread) / f32(dims.cols);

  var squares = 0.0;
  for (var c = thread; c < dims.cols; c += WORKGROUP) {
    let centered = x[start + c] - row_mean;
    squares += centered * centered;
  }
  let row_rstd = 1.0 / sqrt(workgroup_sum(squares, thread) / f32(dims.cols) + dims.eps);

  for (var c = thread; c < dims.cols; c += WORKGROUP) {
    y[start + c] = (x[start + c] - row_mean) * row_rstd * weight[c] + bias[c];
  }
  if (thread == 0u) { mean[row] = row_mean; rstd[row] = row_rstd; }
}

// One thread per row; cols is a multiple of 4.
@compute @workgroup_size(32)
fn forward_rows(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.rows) { return; }
  let quads = dims.cols / 4u;
  let start = row * quads;

  var sum = vec4f();
  for (var c = 0u; c < quads; c++) { sum += x4[start + c]; }
  let row_mean = sum_of(sum) / f32(dims.cols);

  var squares = vec4f();
  for (var c = 0u; c < quads; c++) {
    let centered = x4[start + c] - row_mean;
    squares += centered * centered;
  }
  let row_rstd = 1.0 / sqrt(sum_of(squares) / f32(dims.cols) + dims.eps);

  for (var c = 0u; c < quads; c++) {
    y4[start + c] = (x4[start + c] - row_mean) * row_rstd * weight4[c] + bias4[c];
  }
  mean[row] = row_mean;
  rstd[row] = row_rstd;
}

// One workgroup per row.
@compute @workgroup_size(WORKGROUP)
fn backward_input(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let start = row * dims.cols;
  let row_mean = mean[row];
  let row_rstd = rstd[row];

  var sum_g = 0.0;
  var sum_g_xhat = 0.0;
  for (var c = thread; c < dims.cols; c += WORKGROUP) {
    let g = d_y[start + c] * weight[c];
    sum_g += g;
    sum_g_xhat += g * (x[start + c] - row_mean) * row_rstd;
  }
  let mean_g = workgroup_sum(sum_g, thread) / f32(dims.cols);
  let mean_g_xhat = workgroup_sum(sum_g_xhat, thread) / f32(dims.cols);

  for (var c = thread; c < dims.cols; c += WORKGROUP) {
    let xhat = (x[start + c] - row_mean) * row_rstd;
    var d = row_rstd * (d_y[start + c] * weight[c] - mean_g - xhat * mean_g_xhat);
    if (dims.add_d_x != 0u) { d += d_x[start + c]; }
    d_x[start + c] = d;
  }
}

// One thread per row; cols is a multiple of 4.
@compute @workgroup_size(32)
fn backward_input_rows(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.rows) { return; }
  let quads = dims.cols / 4u;
  let start = row * quads;
  let row_mean = mean[row];
  let row_rstd = rstd[row];

  var sum_g = vec4f();
  var sum_g_xhat = vec4f();
  for (var c = 0u; c < quads; c++) {
    let g = d_y4[start + c] * weight4[c];
    sum_g += g;
    sum_g_xhat += g * (x4[start + c] - row_mean) * row_rstd;
  }
  let mean_g = sum_of(sum_g) / f32(dims.cols);
  let mean_g_xhat = sum_of(sum_g_xhat) / f32(dims.cols);

  for (var c = 0u; c < quads; c++) {
    let xhat = (x4[start + c] - row_mean) * row_rstd;
    var d = row_rstd * (d_y4[start + c] * weight4[c] - mean_g - xhat * mean_g_xhat);
    if (dims.add_d_x4 != 0u) { d += d_x4[start + c]; }
    d_x4[start + c] = d;
  }
}

// One thread per (column, chunk of rows).
@compute @workgroup_size(64)
fn backward_chunks(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let chunk = id.y;
  if (c >= dims.cols) { return; }
  var sum_weight = 0.0;
  var sum_bias = 0.0;
  for (var row = chunk * CHUNK; row < min(dims.rows, (chunk + 1u) * CHUNK); row++) {
    let i = row * dims.cols + c;
    sum_weight += d_y[i] * (x[i] - mean[row]) * rstd[row];
    sum_bias += d_y[i];
  }
  part[2u * chunk * dims.cols + c] = sum_weight;
  part[(2u * chunk + 1u) * dims.cols + c] = sum_bias;
}

// One thread per column.
@compute @workgroup_size(64)
fn backward_weight(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.cols) { return; }
  var sum_weight = 0.0;
  var sum_bias = 0.0;
  for (var chunk = 0u; chunk < dims.chunks; chunk++) {
    sum_weight += part[2u * chunk * dims.cols + c];
    sum_bias += part[(2u * chunk + 1u) * dims.cols + c];
  }
  if (dims.add_d_weight != 0u) { sum_weight += d_weight[c]; }
  if (dims.add_d_bias != 0u) { sum_bias += d_bias[c]; }
  d_weight[c] = sum_weight;
  d_bias[c] = sum_bias;
}
