// y = sum, or y += sum; slice z of a split k goes to part z of y. For any n.

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [slices, m, n]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row < dims.m && col < dims.n) {
    let start = (slice * dims.m + row) * dims.n + col;
    for (var c = 0u; c < min(4u, dims.n - col); c++) {
      var value = select(select(sum.x, sum.y, c == 1u), select(sum.z, sum.w, c == 3u), c >= 2u);
      if (dims.add_y != 0u) { value += y[start + c]; }
      y[start + c] = value;
    }
  }
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {}
