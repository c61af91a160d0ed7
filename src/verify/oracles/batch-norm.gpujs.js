// x [rows, channels]: y = weight * (x - mean) / sqrt(variance + eps) + bias, then ReLU where asked; in training mean and
// biased variance are those of the rows, and the running ones move by `momentum` towards them, the variance unbiased.

function mean(x) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += x[row * this.constants.channels + this.thread.x];
  }
  return sum / this.constants.rows;
}

function variance(x, mean) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    const away = x[row * this.constants.channels + this.thread.x] - mean[this.thread.x];
    sum += away * away;
  }
  return sum / this.constants.rows;
}

function y(x, weight, bias, mean, variance) {
  const away = x[this.thread.y * this.constants.channels + this.thread.x] - mean[this.thread.x];
  const value =
    (away / Math.sqrt(variance[this.thread.x] + this.constants.eps)) * weight[this.thread.x] + bias[this.thread.x];
  if (this.constants.relu === 1 && value < 0) {
    return 0;
  }
  return value;
}

function running_mean_after(running_mean, mean) {
  return (1 - this.constants.momentum) * running_mean[this.thread.x] + this.constants.momentum * mean[this.thread.x];
}

function running_var_after(running_var, variance) {
  const unbiased = (variance[this.thread.x] * this.constants.rows) / (this.constants.rows - 1);
  return (1 - this.constants.momentum) * running_var[this.thread.x] + this.constants.momentum * unbiased;
}

function batches_after(batches) {
  return batches[this.thread.x] + 1;
}

// d_y where ReLU let the value through, [rows, channels].
function g(y, d_y) {
  const at = this.thread.y * this.constants.channels + this.thread.x;
  if (this.constants.relu === 1 && y[at] <= 0) {
    return 0;
  }
  return d_y[at];
}

function d_bias(g) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += g[row * this.constants.channels + this.thread.x];
  }
  return sum;
}

function d_weight(x, g, mean, variance) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    const at = row * this.constants.channels + this.thread.x;
    sum += g[at] * (x[at] - mean[this.thread.x]);
  }
  return sum / Math.sqrt(variance[this.thread.x] + this.constants.eps);
}

// The batch's statistics depend on x.
function d_x(x, weight, g, mean, variance, d_weight, d_bias) {
  const c = this.thread.x;
  const at = this.thread.y * this.constants.channels + c;
  const rstd = 1 / Math.sqrt(variance[c] + this.constants.eps);
  const normal = (x[at] - mean[c]) * rstd;
  return weight[c] * rstd * (g[at] - (d_bias[c] + normal * d_weight[c]) / this.constants.rows);
}

// The running statistics do not.
function d_x_eval(weight, g, variance) {
  const at = this.thread.y * this.constants.channels + this.thread.x;
  return (weight[this.thread.x] * g[at]) / Math.sqrt(variance[this.thread.x] + this.constants.eps);
}
