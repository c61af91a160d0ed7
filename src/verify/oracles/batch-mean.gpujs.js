// y = factor * sum of x [B], factor = 1 / B for the mean; d_x = factor * d_y.

function y(x) {
  let sum = 0;
  for (let i = 0; i < this.constants.samples; i++) {
    sum += x[i];
  }
  return sum * this.constants.factor;
}

function d_x(d_y) {
  return d_y[0] * this.constants.factor;
}
