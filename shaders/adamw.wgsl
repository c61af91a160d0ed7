// One AdamW step on a whole bucket, with the gradient scaled by state.scale:
//   p = p * (1 - lr * weight_decay)                       (blocks with DECAY)
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p = p - lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// Source: Loshchilov, Hutter 2019; torch.optim.AdamW. Changes no byte when a number of any bucket is non-finite.
// Padding is never read nor written as a parameter: it keeps what it holds.

struct Dims { quads: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;      // [quads]
@group(0) @binding(2) var<storage, read> blocks: array<u32>;           // [quads / 16]
@group(0) @binding(3) var<storage, read> hyper: Hyper;
@group(0) @binding(4) var<storage, read> state: State;
@group(0) @binding(5) var<storage, read_write> values: array<vec4f>;   // [quads]
@group(0) @binding(6) var<storage, read_write> moment1: array<vec4f>;  // [quads]
@group(0) @binding(7) var<storage, read_write> moment2: array<vec4f>;  // [quads]

// One thread per four floats, which are of one block.
@compute @workgroup_size(64)
fn update(@builtin(global_invocation_id) id: vec3u) {
  let q = flat_index(id);
  if (q >= dims.quads || state.non_finite > 0.0) { return; }
  let block = blocks[q / 16u];
  let lanes = lanes_in_use(block, q % 16u);
  if ((block & FROZEN) != 0u || !any(lanes)) { return; }
  let is_head = (block & HEAD) != 0u;
  let rate = select(hyper.rate_backbone, hyper.rate_head, is_head);
  let keep = select(1.0, select(hyper.keep_backbone, hyper.keep_head, is_head), (block & DECAY) != 0u);

  let p = values[q];
  let g = state.scale * gradients[q];
  let m = hyper.beta1 * moment1[q] + hyper.one_minus_beta1 * g;
  let v = hyper.beta2 * moment2[q] + hyper.one_minus_beta2 * (g * g);
  let step = rate * (m / (sqrt(v) / hyper.sqrt_correction2 + hyper.eps));
  values[q] = select(p, p * keep - step, lanes);
  moment1[q] = select(moment1[q], m, lanes);
  moment2[q] = select(moment2[q], v, lanes);
}
