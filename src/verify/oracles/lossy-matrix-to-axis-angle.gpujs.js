// The original's matrix to axis-angle: c = clamp((trace - 1) / 2), angle = acos(c), y = angle / (2 sin(angle)) * axial part of
// the matrix; zero, and without a gradient, below an angle of 0.001. The derivative is of all nine entries on their own.

// Number i of (R32 - R23, R13 - R31, R21 - R12).
function axial(i, r01, r02, r10, r12, r20, r21) {
  if (i === 0) {
    return r21 - r12;
  }
  if (i === 1) {
    return r02 - r20;
  }
  return r10 - r01;
}

function y(x) {
  const at = 9 * this.thread.y;
  const raw = 0.5 * (x[at] + x[at + 4] + x[at + 8] - 1);
  const c = Math.min(Math.max(raw, -0.9999999), 0.9999999);
  const angle = Math.acos(c);
  if (angle < 0.001) {
    return 0;
  }
  return (
    ((0.5 * angle) / Math.sqrt(1 - c * c)) *
    axial(this.thread.x, x[at + 1], x[at + 2], x[at + 3], x[at + 5], x[at + 6], x[at + 7])
  );
}

// d/dR_rc of sum_i d_y_i f(c) axial_i. Threads [matrix, row, column].
function d_x(x, d_y) {
  const at = 9 * this.thread.z;
  const c = 0.5 * (x[at] + x[at + 4] + x[at + 8] - 1);
  const angle = Math.acos(Math.min(Math.max(c, -0.9999999), 0.9999999));
  const sine = Math.sqrt(1 - c * c);
  let sum = 0;
  if (angle >= 0.001) {
    if (this.thread.x === this.thread.y) {
      for (let i = 0; i < 3; i++) {
        sum += d_y[3 * this.thread.z + i] * axial(i, x[at + 1], x[at + 2], x[at + 3], x[at + 5], x[at + 6], x[at + 7]);
      }
      sum = sum * 0.5 * ((angle * c) / (2 * sine * sine * sine) - 1 / (2 * sine * sine));
    } else {
      // Axis i sees R_rc with +1 where (r, c) follow i in a cycle backwards, as R32 for the first.
      const i2 = 3 - this.thread.x - this.thread.y;
      let sign = -1;
      if (this.thread.y - this.thread.x === 1 || this.thread.y - this.thread.x === -2) {
        sign = 1;
      }
      sum = ((sign * 0.5 * angle) / sine) * d_y[3 * this.thread.z + i2];
    }
  }
  return sum;
}
