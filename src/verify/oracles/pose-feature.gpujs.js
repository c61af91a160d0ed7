// R_k - I, row by row, of every joint but the first: x [B, K, 9] to y [B, 9 (K - 1)].

function y(x) {
  const entry = this.thread.x - 9 * Math.floor((this.thread.x + 0.5) / 9);
  let identity = 0;
  if (entry === 0 || entry === 4 || entry === 8) {
    identity = 1;
  }
  return x[this.thread.y * 9 * this.constants.joints + 9 + this.thread.x] - identity;
}

function d_x(d_y) {
  if (this.thread.x < 9) {
    return 0;
  }
  return d_y[this.thread.y * 9 * (this.constants.joints - 1) + this.thread.x - 9];
}
