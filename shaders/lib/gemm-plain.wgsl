// y = sum, or y += sum; slice z of a split k goes to part z of y.

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [slices, m, n]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row >= dims.m) { return; }
  for (var i = 0u; i < min(4u, dims.n - min(dims.n, col)); i++) {
    let at = (slice * dims.m + row) * dims.n + col + i;
    var value = sum[i];
    if (dims.add_y != 0u) { value += y[at]; }
    y[at] = value;
  }
}
