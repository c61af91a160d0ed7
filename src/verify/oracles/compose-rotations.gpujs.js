// y = a b for 3 x 3 matrices; d_a = d_y b^T, d_b = a^T d_y. Threads [matrix, row, column].

function y(a, b) {
  let sum = 0;
  for (let k = 0; k < 3; k++) {
    sum += a[9 * this.thread.z + 3 * this.thread.y + k] * b[9 * this.thread.z + 3 * k + this.thread.x];
  }
  return sum;
}

function d_a(b, d_y) {
  let sum = 0;
  for (let k = 0; k < 3; k++) {
    sum += d_y[9 * this.thread.z + 3 * this.thread.y + k] * b[9 * this.thread.z + 3 * this.thread.x + k];
  }
  return sum;
}

function d_b(a, d_y) {
  let sum = 0;
  for (let k = 0; k < 3; k++) {
    sum += a[9 * this.thread.z + 3 * k + this.thread.y] * d_y[9 * this.thread.z + 3 * k + this.thread.x];
  }
  return sum;
}
