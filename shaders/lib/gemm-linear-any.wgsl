// y = residual + row_scale * activation(sum + bias), each part only where dims.parts has its bit; keep_pre (lib/gemm-keep*.wgsl
// or lib/gemm-forget*.wgsl) stores sum + bias for the backward. A row_scale of 0 leaves the residual alone, even beside NaN.
// For any n. The sums go to y first and the rest is done there in a loop: unrolled over a tile it takes long to compile.

// Bits of dims.parts. GELU is a constant: it is long, and a CPU adapter would compute it and then discard it.
const BIAS = 1u;
const RELU = 2u;
const ROW_SCALE = 4u;
const RESIDUAL = 8u;
override GELU: bool = false;

fn has(part: u32) -> bool { return (dims.parts & part) != 0u; }

@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [m, n]
@group(0) @binding(4) var<storage, read> bias: array<f32>;        // [n]
@group(0) @binding(5) var<storage, read> residual: array<f32>;    // [m, n]
@group(0) @binding(6) var<storage, read> row_scale: array<f32>;   // [m / rows_per_sample]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row < dims.m && col < dims.n) {
    let start = row * dims.n + col;
    for (var c = 0u; c < min(4u, dims.n - col); c++) {
      y[start + c] = select(select(sum.x, sum.y, c == 1u), select(sum.z, sum.w, c == 3u), c >= 2u);
    }
  }
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {
  let width = min(cols, dims.n - min(dims.n, col));
  for (var r = row; r < min(dims.m, row + rows); r++) {
    for (var c = 0u; c < width; c++) {
      let at = (r * dims.n + col) + c;
      var value = y[at];
      if (has(BIAS)) { value += bias[col + c]; }
      keep_pre(at, value);
      if (GELU) { value = gelu(value); }
      if (has(RELU)) { value = select(value, 0.0, value < 0.0); }
      if (has(ROW_SCALE)) {
        let scale = row_scale[r / dims.rows_per_sample];
        value = select(0.0, scale * value, scale != 0.0);
      }
      if (has(RESIDUAL)) { value += residual[at]; }
      y[at] = value;
    }
  }
}
