// Sum of one value per thread over the workgroup, in a fixed order, eight by eight; every thread gets the result.
// Workgroup of WORKGROUP threads. Must be reached by every thread of the workgroup. Two barriers, because on adapters
// that run on the CPU a barrier costs more than the additions; none at the start, because whoever reads `partial` or
// `eighths` has done so before the barrier that lies between that and the next write.

const WORKGROUP = 64u;
var<workgroup> partial: array<f32, WORKGROUP>;
var<workgroup> eighths: array<f32, 8>;

fn workgroup_sum(value: f32, thread: u32) -> f32 {
  partial[thread] = value;
  workgroupBarrier();
  if (thread < 8u) {
    let i = 8u * thread;
    var sum = partial[i];
    for (var k = 1u; k < 8u; k++) { sum += partial[i + k]; }
    eighths[thread] = sum;
  }
  workgroupBarrier();
  var total = eighths[0];
  for (var k = 1u; k < 8u; k++) { total += eighths[k]; }
  return total;
}
