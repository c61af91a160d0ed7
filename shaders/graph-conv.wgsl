// y[b, r, :] = sum over the entries e of row r, ascending, of value[e] * x[b, column[e], :]; a sparse matrix times x.
//   d_x = the same with the transposed matrix: a gather, so that no two threads write one place.
// Four channels a thread, loaded as one where the channels come in fours.
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

// Threads of up to four channels, of which the last may be fewer: size = B * rows * ceil(channels / 4).
@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let quads = (dims.channels + 3u) / 4u;
  let c = 4u * (i % quads);
  let row = i / quads % dims.rows;
  let b = i / (quads * dims.rows);
  // Places beyond the last channel repeat it, and are not stored.
  let offset = min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(dims.channels - 1u));
  var sum = vec4f(0.0);
  for (var e = row_start[row]; e < row_start[row + 1u]; e++) {
    let at = (b * dims.columns + column[e]) * dims.channels + offset;
    sum += value[e] * vec4f(x[at.x], x[at.y], x[at.z], x[at.w]);
  }
  let first = (b * dims.rows + row) * dims.channels + c;
  for (var k = 0u; k < min(4u, dims.channels - c); k++) {
    var result = sum[k];
    if (dims.add_y != 0u) { result += y[first + k]; }
    y[first + k] = result;
  }
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
