// Meshes of hands: shaded faces and edges, each vertex in its colour. Colours are sRGB and stay so; output is premultiplied.

struct Frame {
  clip: mat4x4f,     // points to clip space
  light: vec4f,      // towards the light, unit; w: light from everywhere, of 1 in all
  opacity: vec4f,    // x: of the faces; y: how far edges come towards the eye, clip depth
}

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) normal: vec3f,
  @location(1) colour: vec4f,
}

@group(0) @binding(0) var<uniform> frame: Frame;

@vertex
fn corner(@location(0) position: vec3f, @location(1) normal: vec3f, @location(2) colour: vec4f) -> Corner {
  return Corner(frame.clip * vec4f(position, 1.0), normal, colour);
}

/// An edge lies in its faces: a little nearer, or they would hide half of it.
@vertex
fn edge_corner(@location(0) position: vec3f, @location(1) normal: vec3f, @location(2) colour: vec4f) -> Corner {
  var at = frame.clip * vec4f(position, 1.0);
  at.z -= frame.opacity.y * at.w;
  return Corner(at, normal, colour);
}

@fragment
fn face(in: Corner, @builtin(front_facing) is_front: bool) -> @location(0) vec4f {
  // The mesh is open at the wrist: its inside is seen from behind.
  let normal = normalize(select(-in.normal, in.normal, is_front));
  let shade = frame.light.w + (1.0 - frame.light.w) * max(0.0, dot(normal, frame.light.xyz));
  let alpha = in.colour.a * frame.opacity.x;
  return vec4f(in.colour.rgb * shade * alpha, alpha);
}

@fragment
fn edge(in: Corner) -> @location(0) vec4f {
  return vec4f(in.colour.rgb * in.colour.a, in.colour.a);
}
