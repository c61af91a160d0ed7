// y[b, i] = base[i] + sum over n of dirs[i, n] * coefficients[b, n], i over the 3 V coordinates.
//   d_base = d_y (summed over the batch, ascending, when the batch shares one base)
//   d_coefficients[b, n] = sum over i of d_y[b, i] * dirs[i, n], in chunks of CHUNK coordinates and then the chunks
// Eight samples share each load of dirs, by far the largest operand.
// Source: Romero, Tzionas, Black 2017, eq. 3 and 4.

struct Dims { batch: u32, rows: u32, count: u32, chunks: u32, base_size: u32, add_d_base: u32, add_d_coefficients: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> base: array<f32>;                     // [rows] or [batch, rows]
@group(0) @binding(2) var<storage, read> dirs: array<f32>;                     // [rows, count]
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;             // [batch, count]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;                  // [batch, rows]
@group(0) @binding(5) var<storage, read> d_y: array<f32>;                      // [batch, rows]
@group(0) @binding(6) var<storage, read_write> d_base: array<f32>;             // as base
@group(0) @binding(7) var<storage, read_write> part: array<f32>;               // [chunks, batch, count]
@group(0) @binding(8) var<storage, read_write> d_coefficients: array<f32>;     // [batch, count]

const CHUNK = 64u;

fn store(b: u32, row: u32, sum: f32) {
  if (b < dims.batch) {
    let i = b * dims.rows + row;
    y[i] = base[i % dims.base_size] + sum;
  }
}

fn store_part(chunk: u32, b: u32, n: u32, sum: f32) {
  if (b < dims.batch) { part[(chunk * dims.batch + b) * dims.count + n] = sum; }
}

// One thread per (coordinate, 8 samples).
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x;
  if (row >= dims.rows) { return; }
  let b = 8u * id.y;
  let last = dims.batch - 1u;
  let at0 = dims.count * vec4u(b, min(b + 1u, last), min(b + 2u, last), min(b + 3u, last));
  let at1 = dims.count * vec4u(min(b + 4u, last), min(b + 5u, last), min(b + 6u, last), min(b + 7u, last));
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  for (var n = 0u; n < dims.count; n++) {
    let dir = dirs[row * dims.count + n];
    sum0 += dir * vec4f(coefficients[at0.x + n], coefficients[at0.y + n], coefficients[at0.z + n], coefficients[at0.w + n]);
    sum1 += dir * vec4f(coefficients[at1.x + n], coefficients[at1.y + n], coefficients[at1.z + n], coefficients[at1.w + n]);
  }
  store(b, row, sum0.x);
  store(b + 1u, row, sum0.y);
  store(b + 2u, row, sum0.z);
  store(b + 3u, row, sum0.w);
  store(b + 4u, row, sum1.x);
  store(b + 5u, row, sum1.y);
  store(b + 6u, row, sum1.z);
  store(b + 7u, row, sum1.w);
}

@compute @workgroup_size(64)
fn backward_base(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.base_size) { return; }
  var d = 0.0;
  for (var at = i; at < dims.batch * dims.rows; at += dims.base_size) { d += d_y[at]; }
  if (dims.add_d_base != 0u) { d += d_base[i]; }
  d_base[i] = d;
}

// One thread per (coefficient, chunk of coordinates, 8 samples).
@compute @workgroup_size(64)
fn backward_chunks(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x;
  if (n >= dims.count) { return; }
  let chunk = id.y;
  let b = 8u * id.z;
  let last = dims.batch - 1u;
  let at0 = dims.rows * vec4u(b, min(b + 1u, last), min(b + 2u, last), min(b + 3u, last));
  let at1 = dims.rows * vec4u(min(b + 4u, last), min(b + 5u, last), min(b + 6u, last), min(b + 7u, last));
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  for (var row = chunk * CHUNK; row < min(dims.rows, (chunk + 1u) * CHUNK); row++) {
    let dir = dirs[row * dims.count + n];
    sum0 += dir * vec4f(d_y[at0.x + row], d_y[at0.y + row], d_y[at0.z + row], d_y[at0.w + row]);
    sum1 += dir * vec4f(d_y[at1.x + row], d_y[at1.y + row], d_y[at1.z + row], d_y[at1.w + row]);
  }
  store_part(chunk, b, n, sum0.x);
  store_part(chunk, b + 1u, n, sum0.y);
  store_part(chunk, b + 2u, n, sum0.z);
  store_part(chunk, b + 3u, n, sum0.w);
  store_part(chunk, b + 4u, n, sum1.x);
  store_part(chunk, b + 5u, n, sum1.y);
  store_part(chunk, b + 6u, n, sum1.z);
  store_part(chunk, b + 7u, n, sum1.w);
}

@compute @workgroup_size(64)
fn backward_coefficients(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  let size = dims.batch * dims.count;
  if (i >= size) { return; }
  var d = 0.0;
  for (var chunk = 0u; chunk < dims.chunks; chunk++) { d += part[chunk * size + i]; }
  if (dims.add_d_coefficients != 0u) { d += d_coefficients[i]; }
  d_coefficients[i] = d;
}
