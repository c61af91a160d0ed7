// max(x, 0), and d_y where x is above 0.

function y(x) {
  return Math.max(x[this.thread.x], 0);
}

function d_x(x, d_y) {
  if (x[this.thread.x] > 0) {
    return d_y[this.thread.x];
  }
  return 0;
}
