// y = factor * x, d_x = factor * d_y.

function y(x) {
  return this.constants.factor * x[this.thread.x];
}

function d_x(d_y) {
  return this.constants.factor * d_y[this.thread.x];
}
