// y = share of the points (px, py) that lie on the map: -0.5 <= px < width - 0.5, -0.5 <= py < height - 0.5, so that the
// nearest pixel exists. A point that is not finite lies outside. No gradient.

struct Dims { size: u32, width: u32, height: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> pixels: array<vec2f>;   // [size]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // [1]

fn is_inside(p: vec2f) -> bool {
  let magnitude = bitcast<vec2u>(p) & vec2u(0x7fffffffu);
  let finite = magnitude.x < 0x7f800000u && magnitude.y < 0x7f800000u;
  return finite && p.x >= -0.5 && p.y >= -0.5 && p.x < f32(dims.width) - 0.5 && p.y < f32(dims.height) - 0.5;
}

// One workgroup.
@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(local_invocation_index) thread: u32) {
  var count = 0.0;
  for (var i = thread; i < dims.size; i += WORKGROUP) { count += select(0.0, 1.0, is_inside(pixels[i])); }
  let total = workgroup_sum(count, thread);
  if (thread == 0u) { y[0] = total / f32(dims.size); }
}
