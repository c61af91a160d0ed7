// part[chunk][col] = sum of x over the chunk's rows, ascending: the first stage of a column sum (a bias' gradient).
// The second stage is ordered-sum.wgsl.

struct Dims { rows: u32, cols: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;            // [rows, cols]
@group(0) @binding(2) var<storage, read_write> part: array<f32>;   // [chunks, cols]

const CHUNK = 64u;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x;
  if (col >= dims.cols) { return; }
  var sum = 0.0;
  for (var row = id.y * CHUNK; row < min(dims.rows, (id.y + 1u) * CHUNK); row++) { sum += x[row * dims.cols + col]; }
  part[id.y * dims.cols + col] = sum;
}
