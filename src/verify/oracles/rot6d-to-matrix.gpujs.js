// Gram-Schmidt: b1 = a1 / |a1|, b2 = u / |u| with u = a2 - (b1 . a2) b1, b3 = b1 x b2, columns of the matrix.
// The gradient is taken forwards: how the matrix moves when number i of (a1, a2) does.

// Threads [rotation, row, column].
function y(x) {
  const at = 6 * this.thread.z;
  const n1 = Math.sqrt(x[at] * x[at] + x[at + 1] * x[at + 1] + x[at + 2] * x[at + 2]);
  const p0 = x[at] / n1;
  const p1 = x[at + 1] / n1;
  const p2 = x[at + 2] / n1;
  const along = p0 * x[at + 3] + p1 * x[at + 4] + p2 * x[at + 5];
  const u0 = x[at + 3] - along * p0;
  const u1 = x[at + 4] - along * p1;
  const u2 = x[at + 5] - along * p2;
  const n2 = Math.sqrt(u0 * u0 + u1 * u1 + u2 * u2);
  let c0 = p0;
  let c1 = p1;
  let c2 = p2;
  if (this.thread.x === 1) {
    c0 = u0 / n2;
    c1 = u1 / n2;
    c2 = u2 / n2;
  }
  if (this.thread.x === 2) {
    c0 = (p1 * u2 - p2 * u1) / n2;
    c1 = (p2 * u0 - p0 * u2) / n2;
    c2 = (p0 * u1 - p1 * u0) / n2;
  }
  if (this.thread.y === 0) {
    return c0;
  }
  if (this.thread.y === 1) {
    return c1;
  }
  return c2;
}

function same(i, k) {
  if (i === k) {
    return 1;
  }
  return 0;
}

// Threads [rotation, number]. A name ending in m is the motion of the one without it.
function d_x(x, d_y) {
  const at = 6 * this.thread.y;
  const i = this.thread.x;
  const n1 = Math.sqrt(x[at] * x[at] + x[at + 1] * x[at + 1] + x[at + 2] * x[at + 2]);
  const p0 = x[at] / n1;
  const p1 = x[at + 1] / n1;
  const p2 = x[at + 2] / n1;
  const e0 = same(i, 0);
  const e1 = same(i, 1);
  const e2 = same(i, 2);
  const f0 = same(i, 3);
  const f1 = same(i, 4);
  const f2 = same(i, 5);
  const stretch1 = p0 * e0 + p1 * e1 + p2 * e2;
  const p0m = (e0 - p0 * stretch1) / n1;
  const p1m = (e1 - p1 * stretch1) / n1;
  const p2m = (e2 - p2 * stretch1) / n1;
  const along = p0 * x[at + 3] + p1 * x[at + 4] + p2 * x[at + 5];
  const alongm = p0m * x[at + 3] + p1m * x[at + 4] + p2m * x[at + 5] + p0 * f0 + p1 * f1 + p2 * f2;
  const u0 = x[at + 3] - along * p0;
  const u1 = x[at + 4] - along * p1;
  const u2 = x[at + 5] - along * p2;
  const u0m = f0 - alongm * p0 - along * p0m;
  const u1m = f1 - alongm * p1 - along * p1m;
  const u2m = f2 - alongm * p2 - along * p2m;
  const n2 = Math.sqrt(u0 * u0 + u1 * u1 + u2 * u2);
  const q0 = u0 / n2;
  const q1 = u1 / n2;
  const q2 = u2 / n2;
  const stretch2 = q0 * u0m + q1 * u1m + q2 * u2m;
  const q0m = (u0m - q0 * stretch2) / n2;
  const q1m = (u1m - q1 * stretch2) / n2;
  const q2m = (u2m - q2 * stretch2) / n2;
  const r0m = p1m * q2 + p1 * q2m - p2m * q1 - p2 * q1m;
  const r1m = p2m * q0 + p2 * q0m - p0m * q2 - p0 * q2m;
  const r2m = p0m * q1 + p0 * q1m - p1m * q0 - p1 * q0m;
  const g = 9 * this.thread.y;
  return (
    d_y[g] * p0m +
    d_y[g + 3] * p1m +
    d_y[g + 6] * p2m +
    d_y[g + 1] * q0m +
    d_y[g + 4] * q1m +
    d_y[g + 7] * q2m +
    d_y[g + 2] * r0m +
    d_y[g + 5] * r1m +
    d_y[g + 8] * r2m
  );
}
