// y = rgb + depth for samples that have depth, else rgb + placeholder. Threads [sample, number].

function y(rgb, depth, placeholder, has_depth) {
  const at = this.thread.y * this.constants.size + this.thread.x;
  if (has_depth[this.thread.y] === 1) {
    return rgb[at] + depth[at];
  }
  return rgb[at] + placeholder[this.thread.x];
}

function d_rgb(d_y) {
  return d_y[this.thread.y * this.constants.size + this.thread.x];
}

function d_depth(d_y, has_depth) {
  return d_y[this.thread.y * this.constants.size + this.thread.x] * has_depth[this.thread.y];
}

function d_placeholder(d_y, has_depth) {
  let sum = 0;
  for (let b = 0; b < this.constants.batch; b++) {
    sum += d_y[b * this.constants.size + this.thread.x] * (1 - has_depth[b]);
  }
  return sum;
}
