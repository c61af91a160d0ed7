// a [repeats, size_b], b [size_b]: y = a + b; d_a = d_y, d_b = the sum of d_y over the repeats.

function y(a, b) {
  return a[this.thread.y * this.constants.size_b + this.thread.x] + b[this.thread.x];
}

function d_a(d_y) {
  return d_y[this.thread.x];
}

function d_b(d_y) {
  let sum = 0;
  for (let repeat = 0; repeat < this.constants.repeats; repeat++) {
    sum += d_y[repeat * this.constants.size_b + this.thread.x];
  }
  return sum;
}
