// (s, tx, ty) to (log(1 + exp(s)), tx, ty).

function y(x) {
  const v = x[this.thread.y * 3 + this.thread.x];
  if (this.thread.x > 0) {
    return v;
  }
  return Math.max(v, 0) + Math.log(1 + Math.exp(-Math.abs(v)));
}

function d_x(x, d_y) {
  const at = this.thread.y * 3 + this.thread.x;
  if (this.thread.x > 0) {
    return d_y[at];
  }
  return d_y[at] / (1 + Math.exp(-x[at]));
}
