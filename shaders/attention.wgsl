// y = softmax(q k^T / sqrt(D)) v for each sample and head, without ever storing the [T, T] scores.
//
// With S = scale q k^T, P = exp(S - lse), lse = log sum exp(S) of a row, delta = sum over D of d_y * y:
//   dP = d_y v^T,  dS = scale * P * (dP - delta)
//   d_q = dS k,  d_k = dS^T q,  d_v = P^T d_y
// Forward: keys in steps of 8, ascending, with a running maximum and sum (online softmax). Backward: P and dP are computed
// again by the owner of each row of d_q, d_k and d_v, so nothing is added across threads.
// Source: Dao et al. 2022, "FlashAttention"; torch.nn.functional.scaled_dot_product_attention on timm's packed qkv.
//
// A thread owns 8 rows and a range of the D columns: register tiles as in gemm.wgsl, no barrier. The scores are computed
// once per range; the number of ranges does not change the bits. Rows beyond the end repeat the last and are masked or not
// stored. Sums over D stay in registers; the rows' own sums, touched once per 8 keys, lie in y and d_qkv themselves. A private
// array indexed by column takes the compilers of CPU adapters seconds, and so does the code of exp and of stores once for
// each block of a tile: the blocks take turns in a loop.

struct Dims { tokens: u32, heads: u32, head_dim: u32, row_tiles: u32, col_tiles: u32, scale: f32, add_d_qkv: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;            // [B, T, 3, H, D / 4]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;        // [B, T, H, D / 4]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;        // [B, H, T], kept for backward
@group(0) @binding(4) var<storage, read_write> delta: array<f32>;      // [B, H, T]
@group(0) @binding(5) var<storage, read> d_y: array<vec4f>;            // [B, T, H, D / 4]
@group(0) @binding(6) var<storage, read_write> packed: array<vec4f>;   // [B, H, 4, T, D / 4]: q, k, v, d_y
@group(0) @binding(7) var<storage, read_write> d_qkv: array<vec4f>;    // [B, T, 3, H, D / 4]

const LANES = vec4u(0u, 1u, 2u, 3u);
const LOWEST = vec4f(-3.0e38);

// What a thread owns: 8 rows from `row` and the vectors [col, col_end) of one head of one sample.
struct Tile { head: u32, row: u32, col: u32, col_end: u32 }

fn tile_of(index: u32) -> Tile {
  let width = dims.head_dim / 4u;
  let part = (width + dims.col_tiles - 1u) / dims.col_tiles;
  let col = index / dims.row_tiles % dims.col_tiles * part;
  return Tile(index / (dims.row_tiles * dims.col_tiles), index % dims.row_tiles * 8u, col, min(width, col + part));
}

fn rows_from(row: u32) -> vec4u { return min(vec4u(row) + LANES, vec4u(dims.tokens - 1u)); }
fn is_token(row: u32) -> vec4<bool> { return vec4u(row) + LANES < vec4u(dims.tokens); }

// Where head `head` begins in qkv, for q, k or v; and in y.
fn qkv_start(head: u32, part: u32) -> u32 {
  return ((head / dims.heads * dims.tokens * 3u + part) * dims.heads + head % dims.heads) * (dims.head_dim / 4u);
}
fn y_start(head: u32) -> u32 {
  return (head / dims.heads * dims.tokens * dims.heads + head % dims.heads) * (dims.head_dim / 4u);
}
fn y_stride() -> u32 { return dims.heads * dims.head_dim / 4u; }

fn qkv_block(at: vec4u, col: u32) -> mat4x4f {
  return mat4x4f(qkv[at.x + col], qkv[at.y + col], qkv[at.z + col], qkv[at.w + col]);
}

fn packed_block(at: vec4u, col: u32) -> mat4x4f {
  return mat4x4f(packed[at.x + col], packed[at.y + col], packed[at.z + col], packed[at.w + col]);
}

// Each row of `block` times its own factor.
fn scaled_rows(block: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(block[0] * factor.x, block[1] * factor.y, block[2] * factor.z, block[3] * factor.w);
}

// scale s, transposed: one vector per key, a lane per row; the lowest number for keys beyond the end.
fn masked_scores(s: mat4x4f, valid: vec4<bool>) -> mat4x4f {
  let t = transpose(s);
  return mat4x4f(
    select(LOWEST, t[0] * dims.scale, valid.x),
    select(LOWEST, t[1] * dims.scale, valid.y),
    select(LOWEST, t[2] * dims.scale, valid.z),
    select(LOWEST, t[3] * dims.scale, valid.w),
  );
}

fn highest_of(t: mat4x4f) -> vec4f { return max(max(t[0], t[1]), max(t[2], t[3])); }
fn exp_of(t: mat4x4f, shift: vec4f) -> mat4x4f {
  return mat4x4f(exp(t[0] - shift), exp(t[1] - shift), exp(t[2] - shift), exp(t[3] - shift));
}

// Online softmax of 4 rows over 8 keys: the probabilities up to the row's scale, and what earlier sums shrink by.
struct Softmax { p0: mat4x4f, p1: mat4x4f, highest: vec4f, total: vec4f, shrink: vec4f }

fn softmax_step(s0: mat4x4f, s1: mat4x4f, key: u32, highest: vec4f, total: vec4f) -> Softmax {
  let t0 = masked_scores(s0, is_token(key));
  let t1 = masked_scores(s1, is_token(key + 4u));
  let now = max(highest, max(highest_of(t0), highest_of(t1)));
  let shrink = exp(highest - now);
  let p0 = exp_of(t0, now);
  let p1 = exp_of(t1, now);
  let sum = total * shrink + p0[0] + p0[1] + p0[2] + p0[3] + p1[0] + p1[1] + p1[2] + p1[3];
  return Softmax(p0, p1, now, sum, shrink);
}

fn y_block(at: vec4u, col: u32) -> mat4x4f { return mat4x4f(y[at.x + col], y[at.y + col], y[at.z + col], y[at.w + col]); }

fn store_y(row: u32, at: vec4u, col: u32, block: mat4x4f) {
  if (row < dims.tokens) { y[at.x + col] = block[0]; }
  if (row + 1u < dims.tokens) { y[at.y + col] = block[1]; }
  if (row + 2u < dims.tokens) { y[at.z + col] = block[2]; }
  if (row + 3u < dims.tokens) { y[at.w + col] = block[3]; }
}

fn store_lse(head: u32, row: u32, values: vec4f) {
  for (var i = 0u; i < 4u; i++) {
    if (row + i < dims.tokens) { lse[head * dims.tokens + row + i] = values[i]; }
  }
}

@compute @workgroup_size(32)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let tile = tile_of(id.x);
  if (tile.head * dims.tokens >= arrayLength(&lse)) { return; }
  let stride = 3u * y_stride();
  let q = qkv_start(tile.head, 0u);
  let k = qkv_start(tile.head, 1u);
  let v = qkv_start(tile.head, 2u);
  let q0 = vec4u(q) + rows_from(tile.row) * stride;
  let q1 = vec4u(q) + rows_from(tile.row + 4u) * stride;
  let y0 = vec4u(y_start(tile.head)) + rows_from(tile.row) * y_stride();
  let y1 = vec4u(y_start(tile.head)) + rows_from(tile.row + 4u) * y_stride();
  var highest0 = LOWEST;
  var highest1 = LOWEST;
  var total0 = vec4f();
  var total1 = vec4f();
  for (var key = 0u; key < dims.tokens; key += 8u) {
    let k0 = vec4u(k) + rows_from(key) * stride;
    let k1 = vec4u(k) + rows_from(key + 4u) * stride;
    let v0 = vec4u(v) + rows_from(key) * stride;
    let v1 = vec4u(v) + rows_from(key + 4u) * stride;
    var s00 = mat4x4f();
    var s01 = mat4x4f();
    var s10 = mat4x4f();
    var s11 = mat4x4f();
    for (var d = 0u; d < dims.head_dim / 4u; d++) {
      let a0 = transpose(qkv_block(q0, d));
      let a1 = transpose(qkv_block(q1, d));
      let b0 = transpose(qkv_block(k0, d));
      let b1 = transpose(qkv_block(k1, d));
      s00 = multiply_add(s00, a0, b0);
      s01 = multiply_add(s01, a0, b1);
      s10 = multiply_add(s10, a1, b0);
      s11 = multiply_add(s11, a1, b1);
    }
    var top: Softmax;
    var bottom: Softmax;
    for (var i = 0u; i < 2u; i++) {
      var s0 = s00;
      var s1 = s01;
      if (i == 1u) { s0 = s10; s1 = s11; }
      let step = softmax_step(s0, s1, key, select(highest0, highest1, i == 1u), select(total0, total1, i == 1u));
      if (i == 0u) { top = step; } else { bottom = step; }
    }
    highest0 = top.highest;
    highest1 = bottom.highest;
    total0 = top.total;
    total1 = bottom.total;
    for (var col = tile.col; col < tile.col_end; col++) {
      let m0 = qkv_block(v0, col);
      let m1 = qkv_block(v1, col);
      for (var i = 0u; i < 2u; i++) {
        var p0 = top.p0;
        var p1 = top.p1;
        if (i == 1u) { p0 = bottom.p0; p1 = bottom.p1; }
        let at = select(y0, y1, i == 1u);
        var sum = mat4x4f();
        if (key > 0u) { sum = scaled_rows(y_block(at, col), select(top.shrink, bottom.shrink, i == 1u)); }
        store_y(tile.row + 4u * i, at, col, multiply_add(multiply_add(sum, p0, m0), p1, m1));
      }
    }
  }
  for (var i = 0u; i < 2u; i++) {
    let at = select(y0, y1, i == 1u);
    let total = select(total0, total1, i == 1u);
    let row = tile.row + 4u * i;
    for (var col = tile.col; col < tile.col_end; col++) {
      store_y(row, at, col, scaled_rows(y_block(at, col), 1.0 / total));
    }
    if (tile.col == 0u) { store_lse(tile.head, row, select(highest0, highest1, i == 1u) + log(total)); }
  }
}

// One thread per row of one sample and head: delta, and q, k, v, d_y copied to where a head's rows lie together.
@compute @workgroup_size(64)
fn backward_pack(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= arrayLength(&delta)) { return; }
  let width = dims.head_dim / 4u;
  let head = i / dims.tokens;
  let token = i % dims.tokens;
  let stride = y_stride();
  let y_row = y_start(head) + token * stride;
  let q_row = qkv_start(head, 0u) + token * 3u * stride;
  let to = (head * 4u * dims.tokens + token) * width;
  let step = dims.tokens * width;
  var sum = 0.0;
  for (var d = 0u; d < width; d++) {
    let gradient = d_y[y_row + d];
    let product = gradient * y[y_row + d];
    sum += product.x;
    sum += product.y;
    sum += product.z;
    sum += product.w;
    packed[to + d] = qkv[q_row + d];
    packed[to + step + d] = qkv[q_row + stride + d];
    packed[to + 2u * step + d] = qkv[q_row + 2u * stride + d];
    packed[to + 3u * step + d] = gradient;
  }
  delta[i] = sum;
}


// lse and delta of 4 rows.
struct Stats { shift: vec4f, mean: vec4f }

fn stats_of(at: vec4u) -> Stats {
  return Stats(
    vec4f(lse[at.x], lse[at.y], lse[at.z], lse[at.w]),
    vec4f(delta[at.x], delta[at.y], delta[at.z], delta[at.w]),
  );
}

// P, or dS, of 4 owned rows and 4 others, transposed: one vector per other, a lane per owned row. `owned` says whose
// statistics count: those of the owned rows (they are queries) or of the others.
fn weights(s: mat4x4f, d_p: mat4x4f, own: Stats, other: Stats, owned: bool, wants_p: bool, valid: vec4<bool>) -> mat4x4f {
  let t = transpose(s);
  let g = transpose(d_p);
  let shift = other.shift;
  let mean = other.mean;
  return mat4x4f(
    weight(t[0], g[0], select(vec4f(shift.x), own.shift, owned), select(vec4f(mean.x), own.mean, owned), wants_p, valid.x),
    weight(t[1], g[1], select(vec4f(shift.y), own.shift, owned), select(vec4f(mean.y), own.mean, owned), wants_p, valid.y),
    weight(t[2], g[2], select(vec4f(shift.z), own.shift, owned), select(vec4f(mean.z), own.mean, owned), wants_p, valid.z),
    weight(t[3], g[3], select(vec4f(shift.w), own.shift, owned), select(vec4f(mean.w), own.mean, owned), wants_p, valid.w),
  );
}

fn weight(s: vec4f, d_p: vec4f, shift: vec4f, mean: vec4f, wants_p: bool, valid: bool) -> vec4f {
  let p = exp(s * dims.scale - shift);
  return select(vec4f(), select(p * (d_p - mean) * dims.scale, p, wants_p), valid);
}

fn d_qkv_block(at: vec4u, col: u32) -> mat4x4f {
  return mat4x4f(d_qkv[at.x + col], d_qkv[at.y + col], d_qkv[at.z + col], d_qkv[at.w + col]);
}

fn store_d_qkv(row: u32, at: vec4u, col: u32, block: mat4x4f) {
  if (row < dims.tokens) { d_qkv[at.x + col] = block[0]; }
  if (row + 1u < dims.tokens) { d_qkv[at.y + col] = block[1]; }
  if (row + 2u < dims.tokens) { d_qkv[at.z + col] = block[2]; }
  if (row + 3u < dims.tokens) { d_qkv[at.w + col] = block[3]; }
}

// z 0, 1, 2: d_q, d_k, d_v. All are sums over other rows of (P or dS) * (k, q or d_y); the owned rows are queries for d_q
// and keys for the rest. One dispatch, because all three are parts of one gradient.
@compute @workgroup_size(32)
fn backward_qkv(@builtin(global_invocation_id) id: vec3u) {
  let tile = tile_of(id.x);
  if (tile.head * dims.tokens >= arrayLength(&lse)) { return; }
  let width = dims.head_dim / 4u;
  let step = dims.tokens * width;
  let start = tile.head * 4u * step;
  let owned = id.z == 0u;
  let wants_p = id.z == 2u;
  let own_s = start + select(step, 0u, owned);                    // k or q
  let other_s = start + select(0u, step, owned);                  // q or k
  let own_g = start + select(2u, 3u, owned) * step;               // v or d_y
  let other_g = start + select(3u, 2u, owned) * step;             // d_y or v
  let multiplied = select(other_s, other_g, wants_p);             // k, q, d_y
  let g_width = select(width, 0u, wants_p);                       // d_v does not need dP
  let rows0 = rows_from(tile.row);
  let rows1 = rows_from(tile.row + 4u);
  let to0 = vec4u(qkv_start(tile.head, id.z)) + rows0 * 3u * y_stride();
  let to1 = vec4u(qkv_start(tile.head, id.z)) + rows1 * 3u * y_stride();
  let own_s0 = vec4u(own_s) + rows0 * width;
  let own_s1 = vec4u(own_s) + rows1 * width;
  let own_g0 = vec4u(own_g) + rows0 * width;
  let own_g1 = vec4u(own_g) + rows1 * width;
  let stat = vec4u(tile.head * dims.tokens);
  for (var other = 0u; other < dims.tokens; other += 8u) {
    let others0 = rows_from(other);
    let others1 = rows_from(other + 4u);
    let other_s0 = vec4u(other_s) + others0 * width;
    let other_s1 = vec4u(other_s) + others1 * width;
    let other_g0 = vec4u(other_g) + others0 * width;
    let other_g1 = vec4u(other_g) + others1 * width;
    let multiplied0 = vec4u(multiplied) + others0 * width;
    let multiplied1 = vec4u(multiplied) + others1 * width;
    var s00 = mat4x4f();
    var s01 = mat4x4f();
    var s10 = mat4x4f();
    var s11 = mat4x4f();
    for (var d = 0u; d < width; d++) {
      let a0 = transpose(packed_block(own_s0, d));
      let a1 = transpose(packed_block(own_s1, d));
      let b0 = transpose(packed_block(other_s0, d));
      let b1 = transpose(packed_block(other_s1, d));
      s00 = multiply_add(s00, a0, b0);
      s01 = multiply_add(s01, a0, b1);
      s10 = multiply_add(s10, a1, b0);
      s11 = multiply_add(s11, a1, b1);
    }
    var g00 = mat4x4f();
    var g01 = mat4x4f();
    var g10 = mat4x4f();
    var g11 = mat4x4f();
    for (var d = 0u; d < g_width; d++) {
      let a0 = transpose(packed_block(own_g0, d));
      let a1 = transpose(packed_block(own_g1, d));
      let b0 = transpose(packed_block(other_g0, d));
      let b1 = transpose(packed_block(other_g1, d));
      g00 = multiply_add(g00, a0, b0);
      g01 = multiply_add(g01, a0, b1);
      g10 = multiply_add(g10, a1, b0);
      g11 = multiply_add(g11, a1, b1);
    }
    var w00: mat4x4f;
    var w01: mat4x4f;
    var w10: mat4x4f;
    var w11: mat4x4f;
    for (var i = 0u; i < 4u; i++) {
      var s = s00;
      var g = g00;
      switch i {
        case 1u: { s = s01; g = g01; }
        case 2u: { s = s10; g = g10; }
        case 3u: { s = s11; g = g11; }
        default: {}
      }
      let own_stats = stats_of(stat + rows_from(tile.row + i / 2u * 4u));
      let first = other + i % 2u * 4u;
      let w = weights(s, g, own_stats, stats_of(stat + rows_from(first)), owned, wants_p, is_token(first));
      switch i {
        case 0u: { w00 = w; }
        case 1u: { w01 = w; }
        case 2u: { w10 = w; }
        default: { w11 = w; }
      }
    }
    for (var col = tile.col; col < tile.col_end; col++) {
      let m0 = packed_block(multiplied0, col);
      let m1 = packed_block(multiplied1, col);
      for (var i = 0u; i < 2u; i++) {
        var w0 = w00;
        var w1 = w01;
        if (i == 1u) { w0 = w10; w1 = w11; }
        let to = select(to0, to1, i == 1u);
        var sum = mat4x4f();
        if (other > 0u || dims.add_d_qkv != 0u) { sum = d_qkv_block(to, col); }
        store_d_qkv(tile.row + 4u * i, to, col, multiply_add(multiply_add(sum, w0, m0), w1, m1));
      }
    }
  }
}
