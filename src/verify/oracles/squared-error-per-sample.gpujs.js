// y_b = factor * flag_b * sum of (pred - truth)^2 over the sample.

function y(pred, truth, flag) {
  let sum = 0;
  for (let i = 0; i < this.constants.size; i++) {
    const d = pred[this.thread.x * this.constants.size + i] - truth[this.thread.x * this.constants.size + i];
    sum += d * d;
  }
  return sum * this.constants.factor * flag[this.thread.x];
}

function d_pred(pred, truth, flag, d_y) {
  const at = this.thread.y * this.constants.size + this.thread.x;
  return 2 * this.constants.factor * flag[this.thread.y] * d_y[this.thread.y] * (pred[at] - truth[at]);
}
