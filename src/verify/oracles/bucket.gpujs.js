// Copies of a bucket times a factor, and sums of two.

function scaled(x) {
  return this.constants.factor * x[this.thread.x];
}

function total(x, z) {
  return x[this.thread.x] + z[this.thread.x];
}
