// qkv [B, T, 3, H, D]: y = softmax(scale q k^T) v for each head. With P the softmax and S the scaled scores:
// d_v = P^T d_y, d_P = d_y v^T, d_S = P * (d_P - rows' sums of d_P * P), d_q = scale d_S k, d_k = scale d_S^T q.

// log sum exp of a row of scores, [B, H, T].
function lse(qkv) {
  const query =
    ((this.thread.z * this.constants.tokens + this.thread.x) * 3 * this.constants.heads + this.thread.y) *
    this.constants.dim;
  let highest = -1e30;
  for (let key = 0; key < this.constants.tokens; key++) {
    const at =
      (((this.thread.z * this.constants.tokens + key) * 3 + 1) * this.constants.heads + this.thread.y) *
      this.constants.dim;
    let score = 0;
    for (let d = 0; d < this.constants.dim; d++) {
      score += qkv[query + d] * qkv[at + d];
    }
    highest = Math.max(highest, score * this.constants.scale);
  }
  let total = 0;
  for (let other = 0; other < this.constants.tokens; other++) {
    const place =
      (((this.thread.z * this.constants.tokens + other) * 3 + 1) * this.constants.heads + this.thread.y) *
      this.constants.dim;
    let product = 0;
    for (let e = 0; e < this.constants.dim; e++) {
      product += qkv[query + e] * qkv[place + e];
    }
    total += Math.exp(product * this.constants.scale - highest);
  }
  return highest + Math.log(total);
}

function y(qkv, lse) {
  const head = Math.floor((this.thread.x + 0.5) / this.constants.dim);
  const channel = this.thread.x - head * this.constants.dim;
  const query =
    ((this.thread.z * this.constants.tokens + this.thread.y) * 3 * this.constants.heads + head) * this.constants.dim;
  const shift = lse[(this.thread.z * this.constants.heads + head) * this.constants.tokens + this.thread.y];
  let sum = 0;
  for (let key = 0; key < this.constants.tokens; key++) {
    const at =
      (((this.thread.z * this.constants.tokens + key) * 3 + 1) * this.constants.heads + head) * this.constants.dim;
    let score = 0;
    for (let d = 0; d < this.constants.dim; d++) {
      score += qkv[query + d] * qkv[at + d];
    }
    sum +=
      Math.exp(score * this.constants.scale - shift) * qkv[at + this.constants.heads * this.constants.dim + channel];
  }
  return sum;
}

// Sum over a head's channels of d_y * y, which is the sum over keys of d_P * P, [B, H, T].
function delta(y, d_y) {
  const at =
    ((this.thread.z * this.constants.tokens + this.thread.x) * this.constants.heads + this.thread.y) *
    this.constants.dim;
  let sum = 0;
  for (let d = 0; d < this.constants.dim; d++) {
    sum += d_y[at + d] * y[at + d];
  }
  return sum;
}

// Threads [B T, 3, H D].
function d_qkv(qkv, d_y, lse, delta) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.tokens);
  const token = this.thread.z - sample * this.constants.tokens;
  const head = Math.floor((this.thread.x + 0.5) / this.constants.dim);
  const channel = this.thread.x - head * this.constants.dim;
  const stride = this.constants.heads * this.constants.dim;
  let sum = 0;
  for (let other = 0; other < this.constants.tokens; other++) {
    let row = other;
    let col = token;
    if (this.thread.y === 0) {
      row = token;
      col = other;
    }
    const query = (sample * this.constants.tokens + row) * 3 * stride + head * this.constants.dim;
    const key = (sample * this.constants.tokens + col) * 3 * stride + stride + head * this.constants.dim;
    const out = (sample * this.constants.tokens + row) * stride + head * this.constants.dim;
    let score = 0;
    let d_p = 0;
    for (let d = 0; d < this.constants.dim; d++) {
      score += qkv[query + d] * qkv[key + d];
      d_p += d_y[out + d] * qkv[key + stride + d];
    }
    const of_row = (sample * this.constants.heads + head) * this.constants.tokens + row;
    const p = Math.exp(score * this.constants.scale - lse[of_row]);
    const d_s = this.constants.scale * p * (d_p - delta[of_row]);
    if (this.thread.y === 0) {
      sum += d_s * qkv[key + channel];
    }
    if (this.thread.y === 1) {
      sum += d_s * qkv[query + channel];
    }
    if (this.thread.y === 2) {
      sum += p * d_y[out + channel];
    }
  }
  return sum;
}
