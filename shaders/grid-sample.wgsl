// Bilinear sampling of map at points (px, py) in pixels, x to the right, y down, pixel centres at integers.
// With (x0, y0) = floor(px, py), (fx, fy) the fractions, and m_ab the tap at (x0 + a, y0 + b), zero outside the map:
//   y = (1-fy) ((1-fx) m_00 + fx m_10) + fy ((1-fx) m_01 + fx m_11)
//   d_px = sum over channels of d_y ((1-fy) (m_10 - m_00) + fy (m_11 - m_01)),   d_py likewise
//   d_map = per pixel, the points of the 4 cells that touch it, each with its weight
// The backward to the map is a gather: a point's cell is (x0, y0); the points of an image are ranked by (cell, index), so
// that the points of a cell lie together, in ascending order, and every sum has one order on every device.
// A point that is not finite, or whose four taps are all outside, gives 0 and takes no gradient.
// Source: torch.nn.functional.grid_sample(align_corners=False, padding_mode="zeros") after its own unnormalisation.

struct Dims {
  size: u32, height: u32, width: u32, channels4: u32, points: u32, points4: u32, cells: u32, add_d_map: u32, add_d_pixels: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> map: array<vec4f>;               // [B, height, width, channels4]
@group(0) @binding(2) var<storage, read> pixels: array<vec2f>;            // [B, points]
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;           // [B, points, channels4]
@group(0) @binding(4) var<storage, read> d_y: array<vec4f>;               // as y
@group(0) @binding(5) var<storage, read_write> d_map: array<vec4f>;       // as map
@group(0) @binding(6) var<storage, read_write> d_pixels: array<vec2f>;    // as pixels
@group(0) @binding(7) var<storage, read_write> keys: array<u32>;          // [B, 4 points4], cell * points + index
@group(0) @binding(8) var<storage, read> keys4: array<vec4u>;             // the same, by fours
@group(0) @binding(9) var<storage, read_write> ranked: array<u32>;        // [B, points], the keys in ascending order
@group(0) @binding(10) var<storage, read> order: array<u32>;              // ranked, once it is complete
@group(0) @binding(11) var<storage, read_write> starts: array<u32>;       // [B, cells + 1], where each cell begins in `order`
@group(0) @binding(12) var<storage, read> cell_starts: array<u32>;        // starts, once it is complete

// True when at least one tap of the point is in the map. The bits are tested because NaN compares as the compiler likes.
fn touches_map(p: vec2f) -> bool {
  let magnitude = bitcast<vec2u>(p) & vec2u(0x7fffffffu);
  let finite = magnitude.x < 0x7f800000u && magnitude.y < 0x7f800000u;
  return finite && p.x >= -1.0 && p.y >= -1.0 && p.x < f32(dims.width) && p.y < f32(dims.height);
}

// The map at column x, row y and four channels; zero outside.
fn tap(b: u32, x: i32, y: i32, c: u32) -> vec4f {
  if (x < 0 || y < 0 || x >= i32(dims.width) || y >= i32(dims.height)) { return vec4f(0.0); }
  return map[((b * dims.height + u32(y)) * dims.width + u32(x)) * dims.channels4 + c];
}

// One thread per (point, four channels): size = B * points * channels4.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let c = i % dims.channels4;
  let point = i / dims.channels4;
  let b = point / dims.points;
  let p = pixels[point];
  var sum = vec4f(0.0);
  if (touches_map(p)) {
    let corner = floor(p);
    let f = p - corner;
    let at = vec2i(corner);
    sum = (1.0 - f.y) * ((1.0 - f.x) * tap(b, at.x, at.y, c) + f.x * tap(b, at.x + 1, at.y, c))
      + f.y * ((1.0 - f.x) * tap(b, at.x, at.y + 1, c) + f.x * tap(b, at.x + 1, at.y + 1, c));
  }
  y[i] = sum;
}

// One thread per point: size = B * points.
@compute @workgroup_size(64)
fn backward_pixels(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let b = i / dims.points;
  let p = pixels[i];
  var d = vec2f(0.0);
  if (touches_map(p)) {
    let corner = floor(p);
    let f = p - corner;
    let at = vec2i(corner);
    var sum_x = vec4f(0.0);
    var sum_y = vec4f(0.0);
    for (var c = 0u; c < dims.channels4; c++) {
      let g = d_y[i * dims.channels4 + c];
      let m00 = tap(b, at.x, at.y, c);
      let m10 = tap(b, at.x + 1, at.y, c);
      let m01 = tap(b, at.x, at.y + 1, c);
      let m11 = tap(b, at.x + 1, at.y + 1, c);
      sum_x += g * ((1.0 - f.y) * (m10 - m00) + f.y * (m11 - m01));
      sum_y += g * ((1.0 - f.x) * (m01 - m00) + f.x * (m11 - m10));
    }
    d = vec2f(sum_x.x + sum_x.y + sum_x.z + sum_x.w, sum_y.x + sum_y.y + sum_y.z + sum_y.w);
  }
  if (dims.add_d_pixels != 0u) { d += d_pixels[i]; }
  d_pixels[i] = d;
}

// One thread per (image, place in keys); the places after the last point sort behind everything.
@compute @workgroup_size(64)
fn backward_keys(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let stride = 4u * dims.points4;
  let index = i % stride;
  var key = 0xffffffffu;
  if (index < dims.points) {
    let p = pixels[i / stride * dims.points + index];
    var cell = dims.cells;
    if (touches_map(p)) {
      let corner = vec2u(floor(p) + 1.0);
      cell = corner.y * (dims.width + 1u) + corner.x;
    }
    key = cell * dims.points + index;
  }
  keys[i] = key;
}

// One thread per point: its rank is the number of smaller keys. size = B * points.
@compute @workgroup_size(64)
fn backward_rank(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let first = i / dims.points * dims.points4;
  let index = i % dims.points;
  let own = keys4[first + index / 4u][index % 4u];
  var smaller = vec4u(0u);
  for (var n = 0u; n < dims.points4; n++) { smaller += select(vec4u(0u), vec4u(1u), keys4[first + n] < vec4u(own)); }
  ranked[i - index + smaller.x + smaller.y + smaller.z + smaller.w] = own;
}

// One thread per (image, cell): the number of points in cells before it, by bisection. size = B * (cells + 1).
@compute @workgroup_size(64)
fn backward_starts(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let first = i / (dims.cells + 1u) * dims.points;
  let bound = i % (dims.cells + 1u) * dims.points;
  var low = 0u;
  var high = dims.points;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (order[first + middle] < bound) { low = middle + 1u; } else { high = middle; }
  }
  starts[i] = low;
}

// One thread per (pixel, four channels): size = B * height * width * channels4.
@compute @workgroup_size(64)
fn backward_map(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let c = i % dims.channels4;
  let x = i / dims.channels4 % dims.width;
  let y_row = i / (dims.channels4 * dims.width) % dims.height;
  let b = i / (dims.channels4 * dims.width * dims.height);
  let here = vec2f(f32(x), f32(y_row));
  var d = vec4f(0.0);
  for (var row = 0u; row < 2u; row++) {
    // The cells (x - 1, y - 1 + row) and (x, y - 1 + row) follow each other in the order.
    let cell = b * (dims.cells + 1u) + (y_row + row) * (dims.width + 1u) + x;
    let end = cell_starts[cell + 2u];
    for (var n = cell_starts[cell]; n < end; n++) {
      let point = b * dims.points + order[b * dims.points + n] % dims.points;
      let weight = 1.0 - abs(pixels[point] - here);
      d += weight.x * weight.y * d_y[point * dims.channels4 + c];
    }
  }
  if (dims.add_d_map != 0u) { d += d_map[i]; }
  d_map[i] = d;
}
