// y = x[:, start : start + count].  d_x = d_y there and 0 elsewhere; where d_x is already written, only added to there

struct Dims { batch: u32, tokens: u32, start: u32, count: u32, cols: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, tokens, D]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [B, count, D]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [B, count, D]
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [B, tokens, D]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let size = dims.count * dims.cols;
  if (i < dims.batch * size) { y[i] = x[(i / size * dims.tokens + dims.start) * dims.cols + i % size]; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.batch * dims.tokens * dims.cols) { return; }
  let row = i / dims.cols;
  let token = row % dims.tokens;
  let inside = token >= dims.start && token < dims.start + dims.count;
  var d = 0.0;
  if (inside) { d = d_y[(row / dims.tokens * dims.count + token - dims.start) * dims.cols + i % dims.cols]; }
  if (dims.add_d_x != 0u) {
    if (!inside) { return; }
    d += d_x[i];
  }
  d_x[i] = d;
}
