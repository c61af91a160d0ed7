// y = (x - mean) * rstd * weight + bias per channel, then ReLU where RELU says so; x read as [rows, channels].
//   training: mean and biased variance over the rows; running <- running + momentum * (now - running), where the running
//   variance takes rows / (rows - 1) of the biased one.  Otherwise: mean and variance are the running ones.
// With xhat = (x - mean) * rstd and g = d_y, or 0 where the ReLU gave 0:
//   d_bias = sum of g,   d_weight = sum of g * xhat                                        over the rows
//   d_x = weight * rstd * (g - d_bias / rows - xhat * d_weight / rows) in training, else weight * rstd * g
// Sums over rows: threads of (4 channels, chunk of rows), then the chunks, both ascending; the variance has a pass of its own.
// Source: Ioffe, Szegedy 2015, "Batch Normalization"; torch.nn.BatchNorm2d.

struct Dims {
  rows: u32, channels4: u32, chunk: u32, chunks: u32, eps: f32, momentum: f32, unbiased: f32, training: u32,
  add_d_x: u32, add_d_weight: u32, add_d_bias: u32,
}

override RELU: bool = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;                       // [rows, channels4]
@group(0) @binding(2) var<storage, read_write> part: array<vec4f>;              // [chunks, channels4] or [chunks, 2, channels4]
@group(0) @binding(3) var<storage, read_write> stats: array<vec4f>;             // [2, channels4], mean and rstd
@group(0) @binding(4) var<storage, read> saved: array<vec4f>;                   // stats, once they are complete
@group(0) @binding(5) var<storage, read> weight: array<vec4f>;                  // [channels4]
@group(0) @binding(6) var<storage, read> bias: array<vec4f>;                    // [channels4]
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;                 // [rows, channels4]
@group(0) @binding(8) var<storage, read_write> running_mean: array<vec4f>;      // [channels4]
@group(0) @binding(9) var<storage, read_write> running_var: array<vec4f>;       // [channels4]
@group(0) @binding(10) var<storage, read_write> batches: array<f32>;            // [1]
@group(0) @binding(11) var<storage, read> out: array<vec4f>;                    // y, in the backward
@group(0) @binding(12) var<storage, read> d_y: array<vec4f>;                    // [rows, channels4]
@group(0) @binding(13) var<storage, read_write> d_x: array<vec4f>;              // [rows, channels4]
@group(0) @binding(14) var<storage, read_write> sums: array<vec4f>;             // [2, channels4], of g and of g * xhat
@group(0) @binding(15) var<storage, read> row_sums: array<vec4f>;               // sums, once they are complete
@group(0) @binding(16) var<storage, read_write> d_weight: array<vec4f>;         // [channels4]
@group(0) @binding(17) var<storage, read_write> d_bias: array<vec4f>;           // [channels4]

// Threads of (4 channels, chunk).
@compute @workgroup_size(64)
fn mean_chunks(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.chunks * dims.channels4) { return; }
  let c = i % dims.channels4;
  let first = i / dims.channels4 * dims.chunk;
  var sum = vec4f(0.0);
  for (var row = first; row < min(dims.rows, first + dims.chunk); row++) { sum += x[row * dims.channels4 + c]; }
  part[i] = sum;
}

// Threads of 4 channels.
@compute @workgroup_size(64)
fn mean(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.channels4) { return; }
  var sum = vec4f(0.0);
  for (var chunk = 0u; chunk < dims.chunks; chunk++) { sum += part[chunk * dims.channels4 + c]; }
  stats[c] = sum / f32(dims.rows);
}

// Threads of (4 channels, chunk).
@compute @workgroup_size(64)
fn variance_chunks(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.chunks * dims.channels4) { return; }
  let c = i % dims.channels4;
  let first = i / dims.channels4 * dims.chunk;
  let center = saved[c];
  var sum = vec4f(0.0);
  for (var row = first; row < min(dims.rows, first + dims.chunk); row++) {
    let centered = x[row * dims.channels4 + c] - center;
    sum += centered * centered;
  }
  part[i] = sum;
}

// Threads of 4 channels: rstd, and the running statistics.
@compute @workgroup_size(64)
fn variance(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.channels4) { return; }
  var sum = vec4f(0.0);
  for (var chunk = 0u; chunk < dims.chunks; chunk++) { sum += part[chunk * dims.channels4 + c]; }
  let biased = sum / f32(dims.rows);
  stats[dims.channels4 + c] = 1.0 / sqrt(biased + dims.eps);
  running_mean[c] += dims.momentum * (stats[c] - running_mean[c]);
  running_var[c] += dims.momentum * (biased * dims.unbiased - running_var[c]);
}

@compute @workgroup_size(1)
fn count() { batches[0] += 1.0; }

// Threads of 4 channels: the statistics of evaluation.
@compute @workgroup_size(64)
fn running_stats(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.channels4) { return; }
  stats[c] = running_mean[c];
  stats[dims.channels4 + c] = 1.0 / sqrt(running_var[c] + dims.eps);
}

// Threads of 4 elements.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.rows * dims.channels4) { return; }
  let c = i % dims.channels4;
  var value = (x[i] - saved[c]) * saved[dims.channels4 + c] * weight[c] + bias[c];
  if (RELU) { value = select(value, vec4f(0.0), value < vec4f(0.0)); }
  y[i] = value;
}

fn before_relu(i: u32) -> vec4f {
  if (RELU) { return select(vec4f(0.0), d_y[i], out[i] > vec4f(0.0)); }
  return d_y[i];
}

// Threads of (4 channels, chunk).
@compute @workgroup_size(64)
fn backward_chunks(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.chunks * dims.channels4) { return; }
  let c = i % dims.channels4;
  let chunk = i / dims.channels4;
  let first = chunk * dims.chunk;
  let center = saved[c];
  let rstd = saved[dims.channels4 + c];
  var sum_g = vec4f(0.0);
  var sum_g_xhat = vec4f(0.0);
  for (var row = first; row < min(dims.rows, first + dims.chunk); row++) {
    let at = row * dims.channels4 + c;
    let g = before_relu(at);
    sum_g += g;
    sum_g_xhat += g * (x[at] - center) * rstd;
  }
  part[2u * chunk * dims.channels4 + c] = sum_g;
  part[(2u * chunk + 1u) * dims.channels4 + c] = sum_g_xhat;
}

// Threads of 4 channels.
@compute @workgroup_size(64)
fn backward_weight(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= dims.channels4) { return; }
  var sum_g = vec4f(0.0);
  var sum_g_xhat = vec4f(0.0);
  for (var chunk = 0u; chunk < dims.chunks; chunk++) {
    sum_g += part[2u * chunk * dims.channels4 + c];
    sum_g_xhat += part[(2u * chunk + 1u) * dims.channels4 + c];
  }
  sums[c] = sum_g;
  sums[dims.channels4 + c] = sum_g_xhat;
  if (dims.add_d_bias != 0u) { sum_g += d_bias[c]; }
  if (dims.add_d_weight != 0u) { sum_g_xhat += d_weight[c]; }
  d_bias[c] = sum_g;
  d_weight[c] = sum_g_xhat;
}

// Threads of 4 elements.
@compute @workgroup_size(64)
fn backward_input(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.rows * dims.channels4) { return; }
  let c = i % dims.channels4;
  let rstd = saved[dims.channels4 + c];
  var g = before_relu(i);
  if (dims.training != 0u) {
    let xhat = (x[i] - saved[c]) * rstd;
    g -= (row_sums[c] + xhat * row_sums[dims.channels4 + c]) / f32(dims.rows);
  }
  var d = weight[c] * rstd * g;
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
