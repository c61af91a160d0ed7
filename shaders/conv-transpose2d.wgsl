// y[b, 2 i - 1 + kh, 2 j - 1 + kw, o] = sum over c, kh, kw of x[b, i, j, c] * weight[c, o, kh, kw]:
// kernel 4, stride 2, padding 1. As matrix products, with tap = 4 kh + kw and a row of `col` for each input pixel:
//   col = x w,          y = each output pixel gathers its 2 x 2 taps of col, ascending
//   d_col = each input pixel gathers its 4 x 4 taps of d_y,   d_x = d_col w^T,   d_w = x^T d_col
// w is the weight with the output channel last. `col` is made for `taps` taps at a time, from `first` on, to bound its memory.
// Source: Dumoulin, Visin 2016, "A guide to convolution arithmetic"; torch.nn.functional.conv_transpose2d.

struct Dims {
  size: u32, height: u32, width: u32, in_channels: u32, out_channels: u32, first: u32, taps: u32, slices: u32, add_d_weight: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> weight: array<f32>;            // [in_channels, out_channels, 4, 4]
@group(0) @binding(2) var<storage, read_write> arranged: array<f32>;    // [in_channels, taps, out_channels]
@group(0) @binding(3) var<storage, read> col: array<vec4f>;             // [B, height, width, taps, out_channels / 4]
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;         // [B, 2 height, 2 width, out_channels / 4]
@group(0) @binding(5) var<storage, read> d_y: array<vec4f>;             // as y
@group(0) @binding(6) var<storage, read_write> d_col: array<vec4f>;     // as col
@group(0) @binding(7) var<storage, read> part: array<f32>;              // [slices, in_channels, taps, out_channels]
@group(0) @binding(8) var<storage, read_write> whole: array<f32>;       // [16 / taps, in_channels, taps, out_channels]
@group(0) @binding(9) var<storage, read> d_whole: array<f32>;           // whole, once it is complete
@group(0) @binding(10) var<storage, read_write> d_weight: array<f32>;   // as weight

// size = in_channels * taps * out_channels
@compute @workgroup_size(64)
fn arrange(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let o = i % dims.out_channels;
  let tap = dims.first + i / dims.out_channels % dims.taps;
  let c = i / (dims.out_channels * dims.taps);
  arranged[i] = weight[16u * (c * dims.out_channels + o) + tap];
}

// Threads of 4 channels of an output pixel: size = B * 2 height * 2 width * out_channels / 4. Taps from `first` on are
// added to what the taps before them left.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let n = flat_index(id);
  if (n >= dims.size) { return; }
  let channels4 = dims.out_channels / 4u;
  let c = n % channels4;
  // One beyond the output pixel's place: an even number is twice the input pixel that tap 0 comes from.
  let column = n / channels4 % (2u * dims.width) + 1u;
  let row = n / (channels4 * 2u * dims.width) % (2u * dims.height) + 1u;
  let b = n / (channels4 * 4u * dims.width * dims.height);
  var sum = vec4f(0.0);
  if (dims.first > 0u) { sum = y[n]; }
  for (var kh = row % 2u; kh < 4u; kh += 2u) {
    for (var kw = column % 2u; kw < 4u; kw += 2u) {
      // Below zero wraps around to a number beyond the last pixel.
      let i = (row - kh) / 2u;
      let j = (column - kw) / 2u;
      let tap = 4u * kh + kw - dims.first;
      if (row >= kh && column >= kw && i < dims.height && j < dims.width && tap < dims.taps) {
        sum += col[(((b * dims.height + i) * dims.width + j) * dims.taps + tap) * channels4 + c];
      }
    }
  }
  y[n] = sum;
}

// Threads of 4 channels of a tap of an input pixel: size = B * height * width * taps * out_channels / 4.
@compute @workgroup_size(64)
fn backward_columns(@builtin(global_invocation_id) id: vec3u) {
  let n = flat_index(id);
  if (n >= dims.size) { return; }
  let channels4 = dims.out_channels / 4u;
  let c = n % channels4;
  let tap = dims.first + n / channels4 % dims.taps;
  let pixel = n / (channels4 * dims.taps);
  // One beyond the output pixel's place, so that it cannot be negative.
  let column = 2u * (pixel % dims.width) + tap % 4u;
  let row = 2u * (pixel / dims.width % dims.height) + tap / 4u;
  let b = pixel / (dims.width * dims.height);
  var d = vec4f(0.0);
  if (row >= 1u && column >= 1u && row <= 2u * dims.height && column <= 2u * dims.width) {
    d = d_y[((b * 2u * dims.height + row - 1u) * 2u * dims.width + column - 1u) * channels4 + c];
  }
  d_col[n] = d;
}

// The slices of a weight gradient, added in ascending order: size = in_channels * taps * out_channels.
@compute @workgroup_size(64)
fn backward_slices(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var sum = 0.0;
  for (var slice = 0u; slice < dims.slices; slice++) { sum += part[slice * dims.size + i]; }
  whole[dims.first / dims.taps * dims.size + i] = sum;
}

// size = in_channels * out_channels * 16
@compute @workgroup_size(64)
fn backward_weight(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  let tap = i % 16u;
  let o = i / 16u % dims.out_channels;
  let c = i / (16u * dims.out_channels);
  let group = tap / dims.taps * dims.in_channels;
  var d = d_whole[((group + c) * dims.taps + tap % dims.taps) * dims.out_channels + o];
  if (dims.add_d_weight != 0u) { d += d_weight[i]; }
  d_weight[i] = d;
}
