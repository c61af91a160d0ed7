// c + a^T b for 4 x 4 blocks held as four k: a[i] and b[i] are the 4 rows' and the 4 columns' values at k + i.
// c[r] is row r, 4 columns. Each element is one accumulator, k ascending, multiply then add: every tiling that is built
// on this gives the same bits. No dot(), whose order of addition is the compiler's.
fn multiply_add(c: mat4x4f, a: mat4x4f, b: mat4x4f) -> mat4x4f {
  var r0 = c[0] + a[0].x * b[0];
  var r1 = c[1] + a[0].y * b[0];
  var r2 = c[2] + a[0].z * b[0];
  var r3 = c[3] + a[0].w * b[0];
  r0 += a[1].x * b[1];
  r1 += a[1].y * b[1];
  r2 += a[1].z * b[1];
  r3 += a[1].w * b[1];
  r0 += a[2].x * b[2];
  r1 += a[2].y * b[2];
  r2 += a[2].z * b[2];
  r3 += a[2].w * b[2];
  r0 += a[3].x * b[3];
  r1 += a[3].y * b[3];
  r2 += a[3].z * b[3];
  r3 += a[3].w * b[3];
  return mat4x4f(r0, r1, r2, r3);
}
