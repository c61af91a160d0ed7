// a [a_tokens, D], the same for every sample, before b [B, b_tokens, D]; d_a is a sum over the samples.

function y(a, b) {
  if (this.thread.y < this.constants.a_tokens) {
    return a[this.thread.y * this.constants.cols + this.thread.x];
  }
  const token = this.thread.y - this.constants.a_tokens;
  return b[(this.thread.z * this.constants.b_tokens + token) * this.constants.cols + this.thread.x];
}

function d_a(d_y) {
  let sum = 0;
  for (let sample = 0; sample < this.constants.batch; sample++) {
    const token = sample * (this.constants.a_tokens + this.constants.b_tokens) + this.thread.y;
    sum += d_y[token * this.constants.cols + this.thread.x];
  }
  return sum;
}

function d_b(d_y) {
  const token =
    this.thread.z * (this.constants.a_tokens + this.constants.b_tokens) + this.constants.a_tokens + this.thread.y;
  return d_y[token * this.constants.cols + this.thread.x];
}
