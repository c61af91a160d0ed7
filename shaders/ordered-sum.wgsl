// y[i] = part[0][i] + part[1][i] + ..., ascending: the second stage of split sums (slices of k, chunks of rows).
// `both` does two such sums in one dispatch: those of a layer's weight and bias.

struct Dims { parts: u32, size: u32, parts_b: u32, size_b: u32, add_y: u32, add_y_b: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> part: array<f32>;        // [parts, size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;     // [size]
@group(0) @binding(3) var<storage, read> part_b: array<f32>;      // [parts_b, size_b]
@group(0) @binding(4) var<storage, read_write> y_b: array<f32>;   // [size_b]

fn sum_first(i: u32) {
  var sum = part[i];
  for (var p = 1u; p < dims.parts; p++) { sum += part[p * dims.size + i]; }
  if (dims.add_y != 0u) { sum += y[i]; }
  y[i] = sum;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i < dims.size) { sum_first(i); }
}

@compute @workgroup_size(64)
fn both(@builtin(global_invocation_id) id: vec3u) {
  let at = flat_index(id);
  if (at < dims.size) { sum_first(at); }
  else if (at - dims.size < dims.size_b) {
    let i = at - dims.size;
    var sum = part_b[i];
    for (var p = 1u; p < dims.parts_b; p++) { sum += part_b[p * dims.size_b + i]; }
    if (dims.add_y_b != 0u) { sum += y_b[i]; }
    y_b[i] = sum;
  }
}
