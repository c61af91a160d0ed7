// y = residual + row_scale * activation(sum + bias), each part only where its constant says so; keep_pre (lib/gemm-keep*.wgsl
// or lib/gemm-forget*.wgsl) stores sum + bias for the backward. A row_scale of 0 leaves the residual alone, even beside NaN.
// For any n. The sums go to y first and the rest is done there in a loop: unrolled over a tile it takes long to compile.

override ACTIVATION: u32 = 0u;  // 0 none, 1 GELU, 2 ReLU
override HAS_BIAS: bool = false;
override HAS_RESIDUAL: bool = false;
override HAS_ROW_SCALE: bool = false;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [m, n]
@group(0) @binding(4) var<storage, read> bias: array<f32>;        // [n]
@group(0) @binding(5) var<storage, read> residual: array<f32>;    // [m, n]
@group(0) @binding(6) var<storage, read> row_scale: array<f32>;   // [m / rows_per_sample]

fn finish_one(row: u32, col: u32, sum: f32) {
  if (row < dims.m && col < dims.n) { y[row * dims.n + col] = sum; }
}

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  finish_one(row, col, sum.x);
  finish_one(row, col + 1u, sum.y);
  finish_one(row, col + 2u, sum.z);
  finish_one(row, col + 3u, sum.w);
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {
  let width = min(cols, dims.n - min(dims.n, col));
  for (var r = row; r < min(dims.m, row + rows); r++) {
    for (var c = 0u; c < width; c++) {
      let at = (r * dims.n + col) + c;
      var value = y[at];
      if (HAS_BIAS) { value += bias[col + c]; }
      keep_pre(at, value);
      if (ACTIVATION == 1u) { value = gelu(value); }
      if (ACTIVATION == 2u) { value = select(value, 0.0, value < 0.0); }
      if (HAS_ROW_SCALE) {
        let scale = row_scale[r / dims.rows_per_sample];
        value = select(0.0, scale * value, scale != 0.0);
      }
      if (HAS_RESIDUAL) { value += residual[at]; }
      y[at] = value;
    }
  }
}
