// state.norm = sqrt(sum over all gradients of g^2),  state.scale = min(1, max_norm / (norm + 1e-6))
// Source: torch.nn.utils.clip_grad_norm_. Two stages in a fixed order: spans of SPAN quads, then the spans.
// The same pass looks for numbers that are not finite, by their bits (x != x is false for NaN on some adapters), in everything
// that the step reads or would write: gradients, which are left out of the sum then, values, both moments, and state.

struct Dims { quads: u32, first_span: u32, spans: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;   // [quads] of one bucket
@group(0) @binding(2) var<storage, read> blocks: array<u32>;        // [quads / 16]
@group(0) @binding(3) var<storage, read_write> part: array<f32>;    // [spans, 2]: sum of squares, non-finite count
@group(0) @binding(4) var<storage, read> hyper: Hyper;
@group(0) @binding(5) var<storage, read_write> state: State;
@group(0) @binding(6) var<storage, read> values: array<vec4u>;      // [quads], floats by their bits
@group(0) @binding(7) var<storage, read> moment1: array<vec4u>;     // [quads]
@group(0) @binding(8) var<storage, read> moment2: array<vec4u>;     // [quads]

const SPAN = 4096u;
const EXPONENT = 0x7f800000u;

// One for each float whose exponent bits are all set; `mask` is EXPONENT for floats in use, 0 for padding.
fn non_finite_of(bits: vec4u, mask: vec4u) -> vec4u {
  return select(vec4u(0u), vec4u(1u), (bits & mask) == vec4u(EXPONENT));
}

fn finish_span(span: u32, squares: vec4f, non_finite: vec4u, thread: u32) {
  let sum = workgroup_sum((squares.x + squares.y) + (squares.z + squares.w), thread);
  let count = workgroup_sum(f32(non_finite.x + non_finite.y + non_finite.z + non_finite.w), thread);
  if (thread == 0u) {
    part[2u * span] = sum;
    part[2u * span + 1u] = count;
  }
}

// One workgroup per span of one bucket.
@compute @workgroup_size(WORKGROUP)
fn sum_spans(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let start = group.x * SPAN;
  let end = min(dims.quads, start + SPAN);
  var squares = vec4f(0.0);
  var non_finite = vec4u(0u);
  for (var q = start + thread; q < end; q += WORKGROUP) {
    let lanes = lanes_in_use(blocks[q / 16u], q % 16u);
    let mask = select(vec4u(0u), vec4u(EXPONENT), lanes);
    let g = select(vec4f(0.0), gradients[q], lanes);
    let bad = non_finite_of(bitcast<vec4u>(g), mask);
    squares += select(g * g, vec4f(0.0), bad != vec4u(0u));
    non_finite += bad + non_finite_of(values[q], mask) + non_finite_of(moment1[q], mask) + non_finite_of(moment2[q], mask);
  }
  finish_span(dims.first_span + group.x, squares, non_finite, thread);
}

// The same for a bucket of state, which has values only.
@compute @workgroup_size(WORKGROUP)
fn test_state(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let start = group.x * SPAN;
  let end = min(dims.quads, start + SPAN);
  var non_finite = vec4u(0u);
  for (var q = start + thread; q < end; q += WORKGROUP) {
    let lanes = lanes_in_use(blocks[q / 16u], q % 16u);
    non_finite += non_finite_of(values[q], select(vec4u(0u), vec4u(EXPONENT), lanes));
  }
  finish_span(dims.first_span + group.x, vec4f(0.0), non_finite, thread);
}

// One workgroup.
@compute @workgroup_size(WORKGROUP)
fn finish(@builtin(local_invocation_index) thread: u32) {
  var squares = 0.0;
  var non_finite = 0.0;
  for (var span = thread; span < dims.spans; span += WORKGROUP) {
    squares += part[2u * span];
    non_finite += part[2u * span + 1u];
  }
  let sum = workgroup_sum(squares, thread);
  let count = workgroup_sum(non_finite, thread);
  if (thread != 0u) { return; }
  let overflow = (bitcast<u32>(sum) & EXPONENT) == EXPONENT;
  let norm = sqrt(sum);
  var scale = hyper.max_norm / (norm + 1e-6);
  if (hyper.always_clip == 0.0) { scale = min(1.0, scale); }
  state.norm = norm;
  state.scale = scale;
  state.non_finite = select(count, max(count, 1.0), overflow);
  state.clipped = select(0.0, 1.0, scale < 1.0 || hyper.always_clip != 0.0);
}
