// y = sum of a * b; d_a = d_y * b, d_b = d_y * a.

function y(a, b) {
  let sum = 0;
  for (let i = 0; i < this.constants.size; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

function d_a(b, d_y) {
  return d_y[0] * b[this.thread.x];
}

function d_b(a, d_y) {
  return d_y[0] * a[this.thread.x];
}
