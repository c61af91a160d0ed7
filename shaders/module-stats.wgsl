// Sums of squares of each parameter's gradient, of its values before an update and of what the update added, over evenly
// spaced blocks of 64 floats; how many of these floats are not finite, and how many changed by a bit at least.
// One workgroup for each parameter. Entry `keep` runs before the update and copies the blocks, `measure` after it.

struct Dims { first_row: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> rows: array<Row>;
@group(0) @binding(2) var<storage, read> values: array<vec4f>;          // [quads] of one bucket
@group(0) @binding(3) var<storage, read> gradients: array<vec4f>;       // [quads]
@group(0) @binding(4) var<storage, read_write> before: array<vec4f>;    // [kept blocks, 16]
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;        // [rows, FIGURES]

struct Row {
  start: u32,   // first block in its bucket
  blocks: u32,  // blocks of the parameter
  taken: u32,   // of which this many are looked at
  size: u32,    // floats of the parameter
  kept: u32,    // first block in `before`
}

const FIGURES = 5u;
const EXPONENT = 0x7f800000u;

// Place i of `taken` evenly spaced ones: the block inside of the parameter.
fn block_of(row: Row, i: u32) -> u32 { return (i * row.blocks) / row.taken; }

@compute @workgroup_size(WORKGROUP)
fn keep(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = rows[dims.first_row + group.x];
  for (var i = thread; i < 16u * row.taken; i += WORKGROUP) {
    before[16u * row.kept + i] = values[16u * (row.start + block_of(row, i / 16u)) + i % 16u];
  }
}

@compute @workgroup_size(WORKGROUP)
fn measure(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = rows[dims.first_row + group.x];
  var gradient = vec4f(0.0);
  var weight = vec4f(0.0);
  var update = vec4f(0.0);
  var non_finite = vec4u(0u);
  var changed = vec4u(0u);
  for (var i = thread; i < 16u * row.taken; i += WORKGROUP) {
    let block = block_of(row, i / 16u);
    let lanes = vec4u(64u * block + 4u * (i % 16u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(row.size);
    let q = 16u * (row.start + block) + i % 16u;
    let g = gradients[q];
    let p = before[16u * row.kept + i];
    let d = values[q] - p;
    let mask = select(vec4u(0u), vec4u(EXPONENT), lanes);
    let bad_g = (bitcast<vec4u>(g) & mask) == vec4u(EXPONENT);
    let bad_p = (bitcast<vec4u>(p) & mask) == vec4u(EXPONENT);
    gradient += select(vec4f(0.0), g * g, lanes & !bad_g);
    weight += select(vec4f(0.0), p * p, lanes & !bad_p);
    update += select(vec4f(0.0), d * d, lanes & !bad_p);
    non_finite += select(vec4u(0u), vec4u(1u), bad_g) + select(vec4u(0u), vec4u(1u), bad_p);
    changed += select(vec4u(0u), vec4u(1u), lanes & (bitcast<vec4u>(values[q]) != bitcast<vec4u>(p)));
  }
  let at = FIGURES * (dims.first_row + group.x);
  let figures = array<f32, FIGURES>(
    workgroup_sum((gradient.x + gradient.y) + (gradient.z + gradient.w), thread),
    workgroup_sum((weight.x + weight.y) + (weight.z + weight.w), thread),
    workgroup_sum((update.x + update.y) + (update.z + update.w), thread),
    workgroup_sum(f32(non_finite.x + non_finite.y + non_finite.z + non_finite.w), thread),
    workgroup_sum(f32(changed.x + changed.y + changed.z + changed.w), thread),
  );
  if (thread == 0u) {
    for (var k = 0u; k < FIGURES; k++) { sums[at + k] = figures[k]; }
  }
}
