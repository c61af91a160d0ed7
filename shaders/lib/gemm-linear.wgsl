// y = residual + row_scale * activation(sum + bias), each part only where its constant says so; keep_pre (lib/gemm-keep.wgsl
// or lib/gemm-forget.wgsl) stores sum + bias for the backward. A row_scale of 0 leaves the residual alone, even beside NaN.

override ACTIVATION: u32 = 0u;  // 0 none, 1 GELU, 2 ReLU
override HAS_BIAS: bool = false;
override HAS_RESIDUAL: bool = false;
override HAS_ROW_SCALE: bool = false;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // [m, n]
@group(0) @binding(4) var<storage, read> bias: array<f32>;        // [n]
@group(0) @binding(5) var<storage, read> residual: array<f32>;    // [m, n]
@group(0) @binding(6) var<storage, read> row_scale: array<f32>;   // [m / rows_per_sample]

fn finish(row: u32, col: u32, slice: u32, sum: vec4f) {
  if (row >= dims.m) { return; }
  for (var i = 0u; i < min(4u, dims.n - min(dims.n, col)); i++) {
    let at = row * dims.n + col + i;
    var value = sum[i];
    if (HAS_BIAS) { value += bias[col + i]; }
    keep_pre(at, value);
    if (ACTIVATION == 1u) { value = gelu(value); }
    if (ACTIVATION == 2u) { value = select(value, 0.0, value < 0.0); }
    if (HAS_ROW_SCALE) {
      let scale = row_scale[row / dims.rows_per_sample];
      value = select(0.0, scale * value, scale != 0.0);
    }
    if (HAS_RESIDUAL) { value += residual[at]; }
    y[at] = value;
  }
}
