// y[b, j] = origin of joint map[j] when map[j] < joints, else vertex map[j] - joints (finger tips).
//   d_transforms, d_vertices: the d_y of the j that took this place, summed in ascending j; 0 where none did

struct Dims { batch: u32, count: u32, joints: u32, vertices: u32, add_d_transforms: u32, add_d_vertices: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> transforms: array<f32>;            // [batch, joints, 3, 4]
@group(0) @binding(2) var<storage, read> vertices: array<f32>;              // [batch, vertices, 3]
@group(0) @binding(3) var<storage, read> map: array<u32>;                   // [count]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;               // [batch, count, 3]
@group(0) @binding(5) var<storage, read> d_y: array<f32>;                   // [batch, count, 3]
@group(0) @binding(6) var<storage, read_write> d_transforms: array<f32>;    // [batch, joints, 3, 4]
@group(0) @binding(7) var<storage, read_write> d_vertices: array<f32>;      // [batch, vertices, 3]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= 3u * dims.batch * dims.count) { return; }
  let sample = i / (3u * dims.count);
  let source = map[i / 3u % dims.count];
  if (source < dims.joints) {
    y[i] = transforms[12u * (sample * dims.joints + source) + 4u * (i % 3u) + 3u];
  } else {
    y[i] = vertices[3u * (sample * dims.vertices + source - dims.joints) + i % 3u];
  }
}

// Gradient that arrived for place `source` of a sample, coordinate c.
fn arrived(sample: u32, source: u32, c: u32) -> f32 {
  var d = 0.0;
  for (var j = 0u; j < dims.count; j++) {
    if (map[j] == source) { d += d_y[3u * (sample * dims.count + j) + c]; }
  }
  return d;
}

@compute @workgroup_size(64)
fn backward_transforms(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= 12u * dims.batch * dims.joints) { return; }
  var d = 0.0;
  if (i % 4u == 3u) { d = arrived(i / (12u * dims.joints), i / 12u % dims.joints, i / 4u % 3u); }
  if (dims.add_d_transforms != 0u) { d += d_transforms[i]; }
  d_transforms[i] = d;
}

@compute @workgroup_size(64)
fn backward_vertices(@builtin(global_invocation_id) id: vec3u) {
  let i = flat_index(id);
  if (i >= 3u * dims.batch * dims.vertices) { return; }
  var d = arrived(i / (3u * dims.vertices), dims.joints + i / 3u % dims.vertices, i % 3u);
  if (dims.add_d_vertices != 0u) { d += d_vertices[i]; }
  d_vertices[i] = d;
}
