// y[:, start : start + count] = part, for one part per dispatch; a part without a batch axis is repeated over the batch.
//   d_part = d_y[:, start : start + count], summed over the batch, ascending, where the part was repeated

struct Dims { batch: u32, tokens: u32, start: u32, count: u32, cols: u32, repeated: u32, add_d_part: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> part: array<f32>;            // [B, count, D] or [count, D]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;         // [B, tokens, D]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;             // [B, tokens, D]
@group(0) @binding(4) var<storage, read_write> d_part: array<f32>;    // as part

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let size = dims.count * dims.cols;
  if (i >= dims.batch * size) { return; }
  y[(i / size * dims.tokens + dims.start) * dims.cols + i % size] = part[select(i, i % size, dims.repeated != 0u)];
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let size = dims.count * dims.cols;
  var first = i / size;
  var last = first;
  if (dims.repeated != 0u) { first = 0u; last = dims.batch - 1u; }
  if (i >= select(dims.batch, 1u, dims.repeated != 0u) * size) { return; }
  var d = 0.0;
  for (var sample = first; sample <= last; sample++) {
    d += d_y[(sample * dims.tokens + dims.start) * dims.cols + i % size];
  }
  if (dims.add_d_part != 0u) { d += d_part[i]; }
  d_part[i] = d;
}
