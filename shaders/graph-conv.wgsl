// y[b, r, :] = sum over the entries e of row r, ascending, of value[e] * x[b, column[e], :]; a sparse matrix times x.
//   d_x = the same with the transposed matrix: a gather, so that no two threads write one place.
// Four channels a thread where the channels come in fours.
// Source: Kipf, Welling 2017, "Semi-Supervised Classification with Graph Convolutional Networks", eq. 2, without the weights.

struct Dims { size: u32, rows: u32, columns: u32, channels: u32, add_y: u32, add_y4: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> row_start: array<u32>;         // [rows + 1]
@group(0) @binding(2) var<storage, read> column: array<u32>;            // [entries]
@group(0) @binding(3) var<storage, read> value: array<f32>;             // [entries]
@group(0) @binding(4) var<storage, read> x: array<f32>;                 // [B, columns, channels], d_y in the backward
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [B, rows, channels], d_x in the backward
@group(0) @binding(6) var<storage, read> x4: array<vec4f>;              // [B, columns, channels / 4], the same as x
@group(0) @binding(7) var<storage, read_write> y4: array<vec4f>;        // [B, rows, channels / 4], the same as y

// size = B * rows * channels
@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let c = i % dims.channels;
  let row = i / dims.channels % dims.rows;
  let sample = i / (dims.channels * dims.rows) * dims.columns;
  var sum = 0.0;
  for (var e = row_start[row]; e < row_start[row + 1u]; e++) {
    sum += value[e] * x[(sample + column[e]) * dims.channels + c];
  }
  if (dims.add_y != 0u) { sum += y[i]; }
  y[i] = sum;
}

// size = B * rows * channels / 4, and channels counts vectors
@compute @workgroup_size(64)
fn gather4(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let c = i % dims.channels;
  let row = i / dims.channels % dims.rows;
  let sample = i / (dims.channels * dims.rows) * dims.columns;
  var sum = vec4f(0.0);
  for (var e = row_start[row]; e < row_start[row + 1u]; e++) {
    sum += value[e] * x4[(sample + column[e]) * dims.channels + c];
  }
  if (dims.add_y4 != 0u) { sum += y4[i]; }
  y4[i] = sum;
}
