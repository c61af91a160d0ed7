// y[b, patch, (c, dy, dx)] = x[b, c, py * side + dy, px * side + dx]: the patches of an image as rows, row by row over the
// image. Each pixel lies in one patch, so d_x is the same move backwards.
// Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"; torch.nn.Unfold, transposed.

struct Dims { size: u32, channels: u32, height: u32, width: u32, side: u32, add_d_x: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [B, C, H, W]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [B, H / P * W / P, C * P * P], P = side
@group(0) @binding(3) var<storage, read> d_y: array<f32>;        // [B, H / P * W / P, C * P * P], P = side
@group(0) @binding(4) var<storage, read_write> d_x: array<f32>;  // [B, C, H, W]

// Where pixel i of x lies in y.
fn place(i: u32) -> u32 {
  let col = i % dims.width;
  let row = i / dims.width % dims.height;
  let plane = i / (dims.width * dims.height);
  let sample = plane / dims.channels;
  let down = dims.height / dims.side;
  let across = dims.width / dims.side;
  let token = (sample * down + row / dims.side) * across + col / dims.side;
  return ((token * dims.channels + plane % dims.channels) * dims.side + row % dims.side) * dims.side + col % dims.side;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i < dims.size) { y[place(i)] = x[i]; }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= dims.size) { return; }
  var d = d_y[place(i)];
  if (dims.add_d_x != 0u) { d += d_x[i]; }
  d_x[i] = d;
}
