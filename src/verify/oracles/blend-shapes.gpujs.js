// y [B, rows] = base + dirs [rows, count] coefficients [B, count]; base is [rows] or, where it is not shared, [B, rows].

function y(base, dirs, coefficients) {
  let sum = base[this.thread.y * this.constants.base_stride + this.thread.x];
  for (let n = 0; n < this.constants.count; n++) {
    sum += dirs[this.thread.x * this.constants.count + n] * coefficients[this.thread.y * this.constants.count + n];
  }
  return sum;
}

function d_base(d_y) {
  return d_y[this.thread.y * this.constants.rows + this.thread.x];
}

function d_base_shared(d_y) {
  let sum = 0;
  for (let b = 0; b < this.constants.batch; b++) {
    sum += d_y[b * this.constants.rows + this.thread.x];
  }
  return sum;
}

function d_coefficients(dirs, d_y) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += dirs[row * this.constants.count + this.thread.x] * d_y[this.thread.y * this.constants.rows + row];
  }
  return sum;
}
