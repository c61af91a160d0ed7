// Tokens start to start + count of x [B, T, D]; the others get no gradient.

function y(x) {
  return x[
    (this.thread.z * this.constants.tokens + this.constants.start + this.thread.y) * this.constants.cols + this.thread.x
  ];
}

function d_x(d_y) {
  const token = this.thread.y - this.constants.start;
  if (token >= 0 && token < this.constants.count) {
    return d_y[(this.thread.z * this.constants.count + token) * this.constants.cols + this.thread.x];
  }
  return 0;
}
