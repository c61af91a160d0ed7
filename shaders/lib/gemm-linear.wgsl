// y = residual + row_scale * activation(sum + bias), each part only where dims.parts has its bit; keep_pre (lib/gemm-keep*.wgsl
// or lib/gemm-forget*.wgsl) stores sum + bias for the backward. A row_scale of 0 leaves the residual alone, even beside NaN.
// n is a multiple of 4. The sums go to y first and the rest is done there in a loop: unrolled over a tile it takes long to compile.

// Bits of dims.parts. GELU is a constant: it is long, and a CPU adapter would compute it and then discard it.
const BIAS = 1u;
const RELU = 2u;
const ROW_SCALE = 4u;
const RESIDUAL = 8u;
override GELU: bool = false;

fn has(part: u32) -> bool { return (dims.parts & part) != 0u; }

@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;     // [m, n / 4]
@group(0) @binding(4) var<storage, read> bias: array<vec4f>;        // [n / 4]
@group(0) @binding(5) var<storage, read> residual: array<vec4f>;    // [m, n / 4]
@group(0) @binding(6) var<storage, read> row_scale: array<f32>;   // [m / rows_per_sample]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row < dims.m && col < dims.n) { y[(row * dims.n + col) / 4u] = sum; }
}

fn finish_tile(row: u32, col: u32, rows: u32, cols: u32) {
  let width = min(cols, dims.n - min(dims.n, col)) / 4u;
  for (var r = row; r < min(dims.m, row + rows); r++) {
    for (var c = 0u; c < width; c++) {
      let at = (r * dims.n + col) / 4u + c;
      var value = y[at];
      if (has(BIAS)) { value += bias[col / 4u + c]; }
      keep_pre(at, value);
      if (GELU) { value = vec4f(gelu(value.x), gelu(value.y), gelu(value.z), gelu(value.w)); }
      if (has(RELU)) { value = select(value, vec4f(), value < vec4f()); }
      if (has(ROW_SCALE)) {
        let scale = row_scale[r / dims.rows_per_sample];
        value = select(vec4f(), scale * value, scale != 0.0);
      }
      if (has(RESIDUAL)) { value += residual[at]; }
      y[at] = value;
    }
  }
}
