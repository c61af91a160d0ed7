// y = sum, or y += sum; slice z of a split k goes to part z of y. n is a multiple of 4.

@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;  // [slices, m, n / 4]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row < dims.m && col < dims.n) {
    let at = ((slice * dims.m + row) * dims.n + col) / 4u;
    var value = sum;
    if (dims.add_y != 0u) { value += y[at]; }
    y[at] = value;
  }
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {}
