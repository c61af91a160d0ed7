// Convolution with kernel and stride `side`: image [B, C, H, W], weight [D, C, side, side], y [B, patches, D] row by row.

// Threads [sample, patch, output].
function y(image, weight, bias) {
  const down = Math.floor((this.thread.y + 0.5) / this.constants.across);
  const right = this.thread.y - down * this.constants.across;
  let sum = bias[this.thread.x];
  for (let c = 0; c < this.constants.channels; c++) {
    for (let i = 0; i < this.constants.side; i++) {
      for (let j = 0; j < this.constants.side; j++) {
        const line =
          (this.thread.z * this.constants.channels + c) * this.constants.height + down * this.constants.side + i;
        sum +=
          image[line * this.constants.width + right * this.constants.side + j] *
          weight[((this.thread.x * this.constants.channels + c) * this.constants.side + i) * this.constants.side + j];
      }
    }
  }
  return sum;
}

// Threads [B C, H, W].
function d_image(weight, d_y) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.channels);
  const c = this.thread.z - sample * this.constants.channels;
  const down = Math.floor((this.thread.y + 0.5) / this.constants.side);
  const right = Math.floor((this.thread.x + 0.5) / this.constants.side);
  const i = this.thread.y - down * this.constants.side;
  const j = this.thread.x - right * this.constants.side;
  let sum = 0;
  for (let o = 0; o < this.constants.out; o++) {
    sum +=
      d_y[(sample * this.constants.patches + down * this.constants.across + right) * this.constants.out + o] *
      weight[((o * this.constants.channels + c) * this.constants.side + i) * this.constants.side + j];
  }
  return sum;
}

// Threads [D, C, side side].
function d_weight(image, d_y) {
  const i = Math.floor((this.thread.x + 0.5) / this.constants.side);
  const j = this.thread.x - i * this.constants.side;
  let sum = 0;
  for (let b = 0; b < this.constants.batch; b++) {
    for (let n = 0; n < this.constants.patches; n++) {
      const down = Math.floor((n + 0.5) / this.constants.across);
      const right = n - down * this.constants.across;
      const line =
        (b * this.constants.channels + this.thread.y) * this.constants.height + down * this.constants.side + i;
      sum +=
        image[line * this.constants.width + right * this.constants.side + j] *
        d_y[(b * this.constants.patches + n) * this.constants.out + this.thread.z];
    }
  }
  return sum;
}

function d_bias(d_y) {
  let sum = 0;
  for (let row = 0; row < this.constants.batch * this.constants.patches; row++) {
    sum += d_y[row * this.constants.out + this.thread.x];
  }
  return sum;
}
