// Rodrigues: R = I + sin(angle) / angle [v]x + (1 - cos(angle)) / angle^2 [v]x^2 with angle = |v|.
// Derivative, Gallego and Yezzi 2015: dR/dv_i = [(v_i v + v x (I - R) e_i) / angle^2]x R, and [e_i]x at v = 0.

// Entry (row, col) of R.
function rotation(row, col, v0, v1, v2) {
  const angle = Math.sqrt(v0 * v0 + v1 * v1 + v2 * v2);
  let a = 1;
  let b = 0.5;
  if (angle > 0.000001) {
    a = Math.sin(angle) / angle;
    const half = Math.sin(0.5 * angle);
    b = (2 * half * half) / (angle * angle);
  }
  let left = v0;
  if (row === 1) {
    left = v1;
  }
  if (row === 2) {
    left = v2;
  }
  let right = v0;
  if (col === 1) {
    right = v1;
  }
  if (col === 2) {
    right = v2;
  }
  if (row === col) {
    return 1 - b * angle * angle + b * left * right;
  }
  // The third axis, positive in the order row, col, third of a cycle: [v]x has -v there.
  let third = v0;
  if (row + col === 1) {
    third = v2;
  }
  if (row + col === 2) {
    third = v1;
  }
  let sign = 1;
  if (col - row === 1 || col - row === -2) {
    sign = -1;
  }
  return sign * a * third + b * left * right;
}

function y(x) {
  const at = 3 * this.thread.z;
  return rotation(this.thread.y, this.thread.x, x[at], x[at + 1], x[at + 2]);
}

function d_x(x, d_y) {
  const at = 3 * this.thread.y;
  const i = this.thread.x;
  const v0 = x[at];
  const v1 = x[at + 1];
  const v2 = x[at + 2];
  const square = v0 * v0 + v1 * v1 + v2 * v2;
  let e0 = 0;
  let e1 = 0;
  let e2 = 0;
  if (i === 0) {
    e0 = 1;
  }
  if (i === 1) {
    e1 = 1;
  }
  if (i === 2) {
    e2 = 1;
  }
  let m0 = e0;
  let m1 = e1;
  let m2 = e2;
  if (square > 0) {
    const u0 = e0 - rotation(0, i, v0, v1, v2);
    const u1 = e1 - rotation(1, i, v0, v1, v2);
    const u2 = e2 - rotation(2, i, v0, v1, v2);
    const own = e0 * v0 + e1 * v1 + e2 * v2;
    m0 = (own * v0 + v1 * u2 - v2 * u1) / square;
    m1 = (own * v1 + v2 * u0 - v0 * u2) / square;
    m2 = (own * v2 + v0 * u1 - v1 * u0) / square;
  }
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    const r0 = rotation(0, c, v0, v1, v2);
    const r1 = rotation(1, c, v0, v1, v2);
    const r2 = rotation(2, c, v0, v1, v2);
    const g = 9 * this.thread.y + c;
    sum += d_y[g] * (m1 * r2 - m2 * r1) + d_y[g + 3] * (m2 * r0 - m0 * r2) + d_y[g + 6] * (m0 * r1 - m1 * r0);
  }
  return sum;
}
