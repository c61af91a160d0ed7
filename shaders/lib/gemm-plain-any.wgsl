// y = sum, or y += sum; slice z of a split k goes to part z of y. For any n.

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [slices, m, n]

fn finish_one(row: u32, col: u32, slice: u32, sum: f32) {
  if (row >= dims.m || col >= dims.n) { return; }
  let at = (slice * dims.m + row) * dims.n + col;
  var value = sum;
  if (dims.add_y != 0u) { value += y[at]; }
  y[at] = value;
}

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  finish_one(row, col, slice, sum.x);
  finish_one(row, col + 1u, slice, sum.y);
  finish_one(row, col + 2u, slice, sum.z);
  finish_one(row, col + 3u, slice, sum.w);
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {}
