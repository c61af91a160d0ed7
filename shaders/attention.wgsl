// y = softmax(q k^T / sqrt(D)) v for each sample and head, without ever storing the [T, T] scores.
//
// With S = scale q k^T, P = exp(S - lse), lse = log sum exp(S) of a row, delta = sum over D of d_y * y:
//   dP = d_y v^T,  dS = scale * P * (dP - delta)
//   d_q = dS k,  d_k = dS^T q,  d_v = P^T d_y
// Forward: keys in steps of 8, ascending, with a running maximum and sum (online softmax). Backward: P and dP are computed
// again; the owner of query rows makes d_q, the owner of key rows d_k and d_v, so nothing is added across threads.
// Source: Dao et al. 2022, "FlashAttention"; torch.nn.functional.scaled_dot_product_attention on timm's packed qkv.
//
// A thread owns 4 rows and up to 32 of the D columns: register tiles as in gemm.wgsl, no barrier. The scores are computed
// once per 32 columns. All blocks are 4 x 4; rows and columns beyond the end repeat the last and are masked or not stored.

struct Dims { tokens: u32, heads: u32, head_dim: u32, row_tiles: u32, col_tiles: u32, scale: f32, add_d_qkv: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;            // [B, T, 3, H, D / 4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;        // [B, T, H, D / 4]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;        // [B, H, T], kept for backward
@group(0) @binding(4) var<storage, read_write> delta: array<f32>;      // [B, H, T]
@group(0) @binding(5) var<storage, read> d_y: array<vec4f>;            // [B, T, H, D / 4]
@group(0) @binding(6) var<storage, read_write> d_qkv: array<vec4f>;    // [B, T, 3, H, D / 4]

const LANES = vec4u(0u, 1u, 2u, 3u);
const LOWEST = vec4f(-3.0e38);

// What a thread owns: rows `row`.. of one sample and head, and where those begin in each array (stat: in lse and delta).
struct Tile { valid: bool, row: u32, col: u32, stat: u32, q: u32, k: u32, v: u32, y: u32 }

fn tile_of(index: u32, samples: u32) -> Tile {
  let row_tile = index % dims.row_tiles;
  let col_tile = index / dims.row_tiles % dims.col_tiles;
  let head = index / (dims.row_tiles * dims.col_tiles);  // sample * heads + head
  let width = dims.heads * dims.head_dim / 4u;
  let sample = head / dims.heads;
  let offset = head % dims.heads * dims.head_dim / 4u;
  let q = sample * dims.tokens * 3u * width + offset;
  return Tile(sample < samples, row_tile * 4u, col_tile * 8u, head * dims.tokens, q, q + width, q + 2u * width,
    sample * dims.tokens * width + offset);
}

fn rows_from(row: u32) -> vec4u { return min(vec4u(row) + LANES, vec4u(dims.tokens - 1u)); }
fn packed_rows(base: u32, row: u32) -> vec4u { return vec4u(base) + rows_from(row) * (3u * dims.heads * dims.head_dim / 4u); }
fn plain_rows(base: u32, row: u32) -> vec4u { return vec4u(base) + rows_from(row) * (dims.heads * dims.head_dim / 4u); }
fn is_token(row: u32) -> vec4<bool> { return vec4u(row) + LANES < vec4u(dims.tokens); }
fn column(col: u32) -> u32 { return min(col, dims.head_dim / 4u - 1u); }

fn qkv_block(rows: vec4u, col: u32) -> mat4x4f {
  return mat4x4f(qkv[rows.x + col], qkv[rows.y + col], qkv[rows.z + col], qkv[rows.w + col]);
}

fn d_y_block(rows: vec4u, col: u32) -> mat4x4f {
  return mat4x4f(d_y[rows.x + col], d_y[rows.y + col], d_y[rows.z + col], d_y[rows.w + col]);
}

fn lse_of(values: vec4u) -> vec4f { return vec4f(lse[values.x], lse[values.y], lse[values.z], lse[values.w]); }
fn delta_of(values: vec4u) -> vec4f { return vec4f(delta[values.x], delta[values.y], delta[values.z], delta[values.w]); }

// Each row of `block` times its own factor.
fn scaled_rows(block: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(block[0] * factor.x, block[1] * factor.y, block[2] * factor.z, block[3] * factor.w);
}

// exp(scale s - shift) where valid, for the four rows of s and one shift a row.
fn probabilities(s: mat4x4f, shift: vec4f, valid: vec4<bool>) -> mat4x4f {
  let none = vec4f();
  return mat4x4f(
    select(none, exp(s[0] * dims.scale - vec4f(shift.x)), valid),
    select(none, exp(s[1] * dims.scale - vec4f(shift.y)), valid),
    select(none, exp(s[2] * dims.scale - vec4f(shift.z)), valid),
    select(none, exp(s[3] * dims.scale - vec4f(shift.w)), valid),
  );
}

fn store_y(rows: vec4u, row: u32, col: u32, block: mat4x4f) {
  if (col >= dims.head_dim / 4u) { return; }
  y[rows.x + col] = block[0];
  if (row + 1u < dims.tokens) { y[rows.y + col] = block[1]; }
  if (row + 2u < dims.tokens) { y[rows.z + col] = block[2]; }
  if (row + 3u < dims.tokens) { y[rows.w + col] = block[3]; }
}

fn add_d_qkv(at: u32, value: vec4f) {
  var d = value;
  if (dims.add_d_qkv != 0u) { d += d_qkv[at]; }
  d_qkv[at] = d;
}

fn store_d_qkv(rows: vec4u, row: u32, col: u32, block: mat4x4f) {
  if (col >= dims.head_dim / 4u) { return; }
  add_d_qkv(rows.x + col, block[0]);
  if (row + 1u < dims.tokens) { add_d_qkv(rows.y + col, block[1]); }
  if (row + 2u < dims.tokens) { add_d_qkv(rows.z + col, block[2]); }
  if (row + 3u < dims.tokens) { add_d_qkv(rows.w + col, block[3]); }
}

@compute @workgroup_size(32)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let tile = tile_of(id.x, arrayLength(&lse) / (dims.heads * dims.tokens));
  if (!tile.valid) { return; }
  let q_rows = packed_rows(tile.q, tile.row);
  var o0 = mat4x4f();
  var o1 = mat4x4f();
  var o2 = mat4x4f();
  var o3 = mat4x4f();
  var o4 = mat4x4f();
  var o5 = mat4x4f();
  var o6 = mat4x4f();
  var o7 = mat4x4f();
  var highest = LOWEST;  // of each row
  var total = vec4f();
  for (var key = 0u; key < dims.tokens; key += 8u) {
    let k0 = packed_rows(tile.k, key);
    let k1 = packed_rows(tile.k, key + 4u);
    var s0 = mat4x4f();
    var s1 = mat4x4f();
    for (var d = 0u; d < dims.head_dim / 4u; d++) {
      let q = transpose(qkv_block(q_rows, d));
      s0 = multiply_add(s0, q, transpose(qkv_block(k0, d)));
      s1 = multiply_add(s1, q, transpose(qkv_block(k1, d)));
    }
    // One vector per key from here on, a lane per row.
    let t0 = masked_scores(s0, is_token(key));
    let t1 = masked_scores(s1, is_token(key + 4u));
    let now = max(highest, max(max(max(t0[0], t0[1]), max(t0[2], t0[3])), max(max(t1[0], t1[1]), max(t1[2], t1[3]))));
    let shrink = exp(highest - now);
    highest = now;
    let p0 = mat4x4f(exp(t0[0] - now), exp(t0[1] - now), exp(t0[2] - now), exp(t0[3] - now));
    let p1 = mat4x4f(exp(t1[0] - now), exp(t1[1] - now), exp(t1[2] - now), exp(t1[3] - now));
    total = total * shrink + p0[0] + p0[1] + p0[2] + p0[3] + p1[0] + p1[1] + p1[2] + p1[3];
    let v0 = packed_rows(tile.v, key);
    let v1 = packed_rows(tile.v, key + 4u);
    o0 = step_forward(o0, shrink, p0, p1, v0, v1, tile.col);
    o1 = step_forward(o1, shrink, p0, p1, v0, v1, tile.col + 1u);
    o2 = step_forward(o2, shrink, p0, p1, v0, v1, tile.col + 2u);
    o3 = step_forward(o3, shrink, p0, p1, v0, v1, tile.col + 3u);
    o4 = step_forward(o4, shrink, p0, p1, v0, v1, tile.col + 4u);
    o5 = step_forward(o5, shrink, p0, p1, v0, v1, tile.col + 5u);
    o6 = step_forward(o6, shrink, p0, p1, v0, v1, tile.col + 6u);
    o7 = step_forward(o7, shrink, p0, p1, v0, v1, tile.col + 7u);
  }
  let rows = plain_rows(tile.y, tile.row);
  let share = 1.0 / total;
  store_y(rows, tile.row, tile.col, scaled_rows(o0, share));
  store_y(rows, tile.row, tile.col + 1u, scaled_rows(o1, share));
  store_y(rows, tile.row, tile.col + 2u, scaled_rows(o2, share));
  store_y(rows, tile.row, tile.col + 3u, scaled_rows(o3, share));
  store_y(rows, tile.row, tile.col + 4u, scaled_rows(o4, share));
  store_y(rows, tile.row, tile.col + 5u, scaled_rows(o5, share));
  store_y(rows, tile.row, tile.col + 6u, scaled_rows(o6, share));
  store_y(rows, tile.row, tile.col + 7u, scaled_rows(o7, share));
  if (tile.col == 0u) {
    let sums = highest + log(total);
    for (var i = 0u; i < min(4u, dims.tokens - tile.row); i++) { lse[tile.stat + tile.row + i] = sums[i]; }
  }
}

// scale s, transposed: one vector per key; the lowest number for keys beyond the end.
fn masked_scores(s: mat4x4f, valid: vec4<bool>) -> mat4x4f {
  let t = transpose(s);
  return mat4x4f(
    select(LOWEST, t[0] * dims.scale, valid.x),
    select(LOWEST, t[1] * dims.scale, valid.y),
    select(LOWEST, t[2] * dims.scale, valid.z),
    select(LOWEST, t[3] * dims.scale, valid.w),
  );
}

fn step_forward(o: mat4x4f, shrink: vec4f, p0: mat4x4f, p1: mat4x4f, v0: vec4u, v1: vec4u, col: u32) -> mat4x4f {
  let c = column(col);
  return multiply_add(multiply_add(scaled_rows(o, shrink), p0, qkv_block(v0, c)), p1, qkv_block(v1, c));
}

// One thread per row of one sample and head.
@compute @workgroup_size(64)
fn backward_delta(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= arrayLength(&delta)) { return; }
  let width = dims.head_dim / 4u;
  let head = i / dims.tokens;
  let token = head / dims.heads * dims.tokens + i % dims.tokens;
  let start = (token * dims.heads + head % dims.heads) * width;
  var sum = 0.0;
  for (var d = 0u; d < width; d++) {
    let product = d_y[start + d] * y[start + d];
    sum += product.x;
    sum += product.y;
    sum += product.z;
    sum += product.w;
  }
  delta[i] = sum;
}

// Workgroup z 0 makes d_q, 1 makes d_k and d_v: one dispatch, because both are parts of one gradient.
@compute @workgroup_size(32)
fn backward_qkv(@builtin(global_invocation_id) id: vec3u) {
  let tile = tile_of(id.x, arrayLength(&lse) / (dims.heads * dims.tokens));
  if (!tile.valid) { return; }
  if (id.z == 0u) { backward_queries(tile); } else { backward_keys(tile); }
}

fn backward_queries(tile: Tile) {
  let q_rows = packed_rows(tile.q, tile.row);
  let y_rows = plain_rows(tile.y, tile.row);
  let shift = lse_of(vec4u(tile.stat) + rows_from(tile.row));
  let means = delta_of(vec4u(tile.stat) + rows_from(tile.row));
  var o0 = mat4x4f();
  var o1 = mat4x4f();
  var o2 = mat4x4f();
  var o3 = mat4x4f();
  var o4 = mat4x4f();
  var o5 = mat4x4f();
  var o6 = mat4x4f();
  var o7 = mat4x4f();
  for (var key = 0u; key < dims.tokens; key += 4u) {
    let k = packed_rows(tile.k, key);
    let v = packed_rows(tile.v, key);
    var s = mat4x4f();
    var d_p = mat4x4f();
    for (var d = 0u; d < dims.head_dim / 4u; d++) {
      s = multiply_add(s, transpose(qkv_block(q_rows, d)), transpose(qkv_block(k, d)));
      d_p = multiply_add(d_p, transpose(d_y_block(y_rows, d)), transpose(qkv_block(v, d)));
    }
    let p = probabilities(s, shift, is_token(key));
    let d_s = transpose(mat4x4f(
      p[0] * (d_p[0] - vec4f(means.x)) * dims.scale,
      p[1] * (d_p[1] - vec4f(means.y)) * dims.scale,
      p[2] * (d_p[2] - vec4f(means.z)) * dims.scale,
      p[3] * (d_p[3] - vec4f(means.w)) * dims.scale,
    ));
    o0 = multiply_add(o0, d_s, qkv_block(k, column(tile.col)));
    o1 = multiply_add(o1, d_s, qkv_block(k, column(tile.col + 1u)));
    o2 = multiply_add(o2, d_s, qkv_block(k, column(tile.col + 2u)));
    o3 = multiply_add(o3, d_s, qkv_block(k, column(tile.col + 3u)));
    o4 = multiply_add(o4, d_s, qkv_block(k, column(tile.col + 4u)));
    o5 = multiply_add(o5, d_s, qkv_block(k, column(tile.col + 5u)));
    o6 = multiply_add(o6, d_s, qkv_block(k, column(tile.col + 6u)));
    o7 = multiply_add(o7, d_s, qkv_block(k, column(tile.col + 7u)));
  }
  store_d_qkv(q_rows, tile.row, tile.col, o0);
  store_d_qkv(q_rows, tile.row, tile.col + 1u, o1);
  store_d_qkv(q_rows, tile.row, tile.col + 2u, o2);
  store_d_qkv(q_rows, tile.row, tile.col + 3u, o3);
  store_d_qkv(q_rows, tile.row, tile.col + 4u, o4);
  store_d_qkv(q_rows, tile.row, tile.col + 5u, o5);
  store_d_qkv(q_rows, tile.row, tile.col + 6u, o6);
  store_d_qkv(q_rows, tile.row, tile.col + 7u, o7);
}

fn backward_keys(tile: Tile) {
  let k_rows = packed_rows(tile.k, tile.row);
  let v_rows = packed_rows(tile.v, tile.row);
  var k0 = mat4x4f();
  var k1 = mat4x4f();
  var k2 = mat4x4f();
  var k3 = mat4x4f();
  var k4 = mat4x4f();
  var k5 = mat4x4f();
  var k6 = mat4x4f();
  var k7 = mat4x4f();
  var v0 = mat4x4f();
  var v1 = mat4x4f();
  var v2 = mat4x4f();
  var v3 = mat4x4f();
  var v4 = mat4x4f();
  var v5 = mat4x4f();
  var v6 = mat4x4f();
  var v7 = mat4x4f();
  for (var query = 0u; query < dims.tokens; query += 4u) {
    let q = packed_rows(tile.q, query);
    let g = plain_rows(tile.y, query);
    let shift = lse_of(vec4u(tile.stat) + rows_from(query));
    let means = delta_of(vec4u(tile.stat) + rows_from(query));
    let valid = is_token(query);
    // Rows are queries, columns the thread's keys: a query's vector is then the multiplier that the products want.
    var s = mat4x4f();
    var d_p = mat4x4f();
    for (var d = 0u; d < dims.head_dim / 4u; d++) {
      s = multiply_add(s, transpose(qkv_block(q, d)), transpose(qkv_block(k_rows, d)));
      d_p = multiply_add(d_p, transpose(d_y_block(g, d)), transpose(qkv_block(v_rows, d)));
    }
    let none = vec4f();
    let p = mat4x4f(
      select(none, exp(s[0] * dims.scale - vec4f(shift.x)), valid.x),
      select(none, exp(s[1] * dims.scale - vec4f(shift.y)), valid.y),
      select(none, exp(s[2] * dims.scale - vec4f(shift.z)), valid.z),
      select(none, exp(s[3] * dims.scale - vec4f(shift.w)), valid.w),
    );
    let d_s = mat4x4f(
      p[0] * (d_p[0] - vec4f(means.x)) * dims.scale,
      p[1] * (d_p[1] - vec4f(means.y)) * dims.scale,
      p[2] * (d_p[2] - vec4f(means.z)) * dims.scale,
      p[3] * (d_p[3] - vec4f(means.w)) * dims.scale,
    );
    k0 = multiply_add(k0, d_s, qkv_block(q, column(tile.col)));
    k1 = multiply_add(k1, d_s, qkv_block(q, column(tile.col + 1u)));
    k2 = multiply_add(k2, d_s, qkv_block(q, column(tile.col + 2u)));
    k3 = multiply_add(k3, d_s, qkv_block(q, column(tile.col + 3u)));
    k4 = multiply_add(k4, d_s, qkv_block(q, column(tile.col + 4u)));
    k5 = multiply_add(k5, d_s, qkv_block(q, column(tile.col + 5u)));
    k6 = multiply_add(k6, d_s, qkv_block(q, column(tile.col + 6u)));
    k7 = multiply_add(k7, d_s, qkv_block(q, column(tile.col + 7u)));
    v0 = multiply_add(v0, p, d_y_block(g, column(tile.col)));
    v1 = multiply_add(v1, p, d_y_block(g, column(tile.col + 1u)));
    v2 = multiply_add(v2, p, d_y_block(g, column(tile.col + 2u)));
    v3 = multiply_add(v3, p, d_y_block(g, column(tile.col + 3u)));
    v4 = multiply_add(v4, p, d_y_block(g, column(tile.col + 4u)));
    v5 = multiply_add(v5, p, d_y_block(g, column(tile.col + 5u)));
    v6 = multiply_add(v6, p, d_y_block(g, column(tile.col + 6u)));
    v7 = multiply_add(v7, p, d_y_block(g, column(tile.col + 7u)));
  }
  store_d_qkv(k_rows, tile.row, tile.col, k0);
  store_d_qkv(k_rows, tile.row, tile.col + 1u, k1);
  store_d_qkv(k_rows, tile.row, tile.col + 2u, k2);
  store_d_qkv(k_rows, tile.row, tile.col + 3u, k3);
  store_d_qkv(k_rows, tile.row, tile.col + 4u, k4);
  store_d_qkv(k_rows, tile.row, tile.col + 5u, k5);
  store_d_qkv(k_rows, tile.row, tile.col + 6u, k6);
  store_d_qkv(k_rows, tile.row, tile.col + 7u, k7);
  store_d_qkv(v_rows, tile.row, tile.col, v0);
  store_d_qkv(v_rows, tile.row, tile.col + 1u, v1);
  store_d_qkv(v_rows, tile.row, tile.col + 2u, v2);
  store_d_qkv(v_rows, tile.row, tile.col + 3u, v3);
  store_d_qkv(v_rows, tile.row, tile.col + 4u, v4);
  store_d_qkv(v_rows, tile.row, tile.col + 5u, v5);
  store_d_qkv(v_rows, tile.row, tile.col + 6u, v6);
  store_d_qkv(v_rows, tile.row, tile.col + 7u, v7);
}
