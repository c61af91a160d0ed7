// y = x Phi(x), Phi the normal distribution.

function y(x) {
  const v = x[this.thread.x];
  return 0.5 * v * (1 + error_function(v * 0.7071067811865476));
}

function d_x(x, d_y) {
  return d_y[this.thread.x] * gelu_slope(x[this.thread.x]);
}
