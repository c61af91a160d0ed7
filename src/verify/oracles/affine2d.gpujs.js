// Points x [points, 2]: y = x * scale + offset for each axis; d_x = d_y * scale.

function y(x) {
  const value = x[this.thread.y * 2 + this.thread.x];
  if (this.thread.x === 0) {
    return value * this.constants.scale_x + this.constants.offset_x;
  }
  return value * this.constants.scale_y + this.constants.offset_y;
}

function d_x(d_y) {
  const value = d_y[this.thread.y * 2 + this.thread.x];
  if (this.thread.x === 0) {
    return value * this.constants.scale_x;
  }
  return value * this.constants.scale_y;
}
