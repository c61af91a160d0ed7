// Sum of one value per thread over the workgroup, in a fixed tree; every thread gets the result.
// Workgroup of WORKGROUP threads. Must be reached by every thread of the workgroup.

const WORKGROUP = 64u;
var<workgroup> partial: array<f32, WORKGROUP>;

fn workgroup_sum(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  partial[thread] = value;
  workgroupBarrier();
  for (var stride = WORKGROUP / 2u; stride > 0u; stride /= 2u) {
    if (thread < stride) { partial[thread] += partial[thread + stride]; }
    workgroupBarrier();
  }
  return partial[0];
}
