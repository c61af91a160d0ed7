// y = mask of the sample * x; d_x = mask * d_y. Threads [sample, number].

function y(x, mask) {
  return mask[this.thread.y] * x[this.thread.y * this.constants.per_sample + this.thread.x];
}

function d_x(mask, d_y) {
  return mask[this.thread.y] * d_y[this.thread.y * this.constants.per_sample + this.thread.x];
}
