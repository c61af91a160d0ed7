// x [rows, cols]: y = weight * normal + bias with normal = (x - mean) / sqrt(variance + eps) of its row.
// With g = weight * d_y: d_x = rstd * (g - mean(g) - normal * mean(g * normal)).

function mean(x) {
  let sum = 0;
  for (let c = 0; c < this.constants.cols; c++) {
    sum += x[this.thread.x * this.constants.cols + c];
  }
  return sum / this.constants.cols;
}

function rstd(x, mean) {
  let sum = 0;
  for (let c = 0; c < this.constants.cols; c++) {
    const away = x[this.thread.x * this.constants.cols + c] - mean[this.thread.x];
    sum += away * away;
  }
  return 1 / Math.sqrt(sum / this.constants.cols + this.constants.eps);
}

function normal(x, mean, rstd) {
  return (x[this.thread.y * this.constants.cols + this.thread.x] - mean[this.thread.y]) * rstd[this.thread.y];
}

function y(normal, weight, bias) {
  return normal[this.thread.y * this.constants.cols + this.thread.x] * weight[this.thread.x] + bias[this.thread.x];
}

function d_x(normal, rstd, weight, d_y) {
  let straight = 0;
  let along = 0;
  for (let c = 0; c < this.constants.cols; c++) {
    const at = this.thread.y * this.constants.cols + c;
    straight += weight[c] * d_y[at];
    along += weight[c] * d_y[at] * normal[at];
  }
  const own = this.thread.y * this.constants.cols + this.thread.x;
  return (
    rstd[this.thread.y] * (weight[this.thread.x] * d_y[own] - (straight + normal[own] * along) / this.constants.cols)
  );
}

function d_weight(normal, d_y) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += d_y[row * this.constants.cols + this.thread.x] * normal[row * this.constants.cols + this.thread.x];
  }
  return sum;
}

function d_bias(d_y) {
  let sum = 0;
  for (let row = 0; row < this.constants.rows; row++) {
    sum += d_y[row * this.constants.cols + this.thread.x];
  }
  return sum;
}
