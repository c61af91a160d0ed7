@group(0) @binding(7) var<storage, read_write> pre: array<vec4f>;  // [m, n / 4], before the activation, kept for backward

fn keep_pre(at: u32, value: vec4f) { pre[at] = value; }
