// What the optimiser's kernels share. A bucket is a flat array of parameters; each starts on a block of 64 floats, and the
// rest of its last block is padding. A block's word in the table: bits 0-6 floats in use, then the flags.

const DECAY = 0x80u;   // weight decay applies
const HEAD = 0x100u;   // learning rate of the heads, else of the backbone
const FROZEN = 0x200u; // not optimised

struct Hyper {
  keep_backbone: f32,     // 1 - lr * weight_decay
  keep_head: f32,
  rate_backbone: f32,     // lr / (1 - beta1^t)
  rate_head: f32,
  beta1: f32,
  one_minus_beta1: f32,
  beta2: f32,
  one_minus_beta2: f32,
  sqrt_correction2: f32,  // sqrt(1 - beta2^t)
  eps: f32,
  max_norm: f32,
  always_clip: f32,       // 1: the gradient is always scaled to max_norm
}

struct State {
  norm: f32,        // of the finite gradients
  scale: f32,       // factor of every gradient
  non_finite: f32,  // how many gradients, values, moments and states are NaN or infinite; a sum of squares that
                    // overflows counts as one
  clipped: f32,     // 0 or 1
}

// Which of the four floats of quad `index` (of 16 in a block) are in use.
fn lanes_in_use(block: u32, index: u32) -> vec4<bool> {
  return vec4u(4u * index) + vec4u(0u, 1u, 2u, 3u) < vec4u(block & 0x7fu);
}
