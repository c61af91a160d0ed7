// y = residual + row_scale * activation(pre), pre = x weight^T + bias. x [rows, inner], weight [out, inner], bias [out],
// residual [rows, out], row_scale one number for rows_per_sample rows. activation: 0 none, 1 GELU, 2 ReLU.

function pre(x, weight, bias) {
  let sum = bias[this.thread.x];
  for (let k = 0; k < this.constants.inner; k++) {
    sum += x[this.thread.y * this.constants.inner + k] * weight[this.thread.x * this.constants.inner + k];
  }
  return sum;
}

function y(pre, residual, row_scale) {
  const at = this.thread.y * this.constants.out + this.thread.x;
  let value = pre[at];
  if (this.constants.activation === 1) {
    value = 0.5 * value * (1 + error_function(value * 0.7071067811865476));
  }
  if (this.constants.activation === 2) {
    value = Math.max(value, 0);
  }
  return residual[at] + row_scale[Math.floor((this.thread.y + 0.5) / this.constants.rows_per_sample)] * value;
}

function d_pre(d_y, pre, row_scale) {
  const at = this.thread.y * this.constants.out + this.thread.x;
  let slope = 1;
  if (this.constants.activation === 1) {
    slope = gelu_slope(pre[at]);
  }
  if (this.constants.activation === 2 && pre[at] <= 0) {
    slope = 0;
  }
  return d_y[at] * slope * row_scale[Math.floor((this.thread.y + 0.5) / this.constants.rows_per_sample)];
}

function d_x(d_pre, weight) {
  let sum = 0;
  for (let o = 0; o < this.constants.out; o++) {
    sum += d_pre[this.thread.y * this.constants.out + o] * weight[o * this.constants.inner + this.thread.x];
  }
  return sum;
}

// Threads [out, inner].
function d_weight(d_pre, x) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += d_pre[row * this.constants.out + this.thread.y] * x[row * this.constants.inner + this.thread.x];
  }
  return sum;
}

function d_bias(d_pre) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += d_pre[row * this.constants.out + this.thread.x];
  }
  return sum;
}

function d_residual(d_y) {
  return d_y[this.thread.x];
}
