// Transposed convolution, kernel 4, stride 2, padding 1: input pixel (i, j) adds x w[k, l] to output pixel
// (2 i - 1 + k, 2 j - 1 + l). x [B, H, W, in], weight [in, out, 4, 4], y [B, 2 H, 2 W, out].

// Threads [B 2H, 2W, out].
function y(x, weight) {
  const sample = Math.floor((this.thread.z + 0.5) / (2 * this.constants.height));
  const line = this.thread.z - sample * 2 * this.constants.height;
  let sum = 0;
  for (let i = 0; i < this.constants.height; i++) {
    for (let j = 0; j < this.constants.width; j++) {
      const k = line + 1 - 2 * i;
      const l = this.thread.y + 1 - 2 * j;
      if (k >= 0 && k < 4 && l >= 0 && l < 4) {
        for (let c = 0; c < this.constants.ins; c++) {
          sum +=
            x[((sample * this.constants.height + i) * this.constants.width + j) * this.constants.ins + c] *
            weight[((c * this.constants.outs + this.thread.x) * 4 + k) * 4 + l];
        }
      }
    }
  }
  return sum;
}

// Threads [B H, W, in].
function d_x(weight, d_y) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.height);
  const i = this.thread.z - sample * this.constants.height;
  let sum = 0;
  for (let k = 0; k < 4; k++) {
    for (let l = 0; l < 4; l++) {
      const line = 2 * i - 1 + k;
      const column = 2 * this.thread.y - 1 + l;
      if (line >= 0 && line < 2 * this.constants.height && column >= 0 && column < 2 * this.constants.width) {
        for (let o = 0; o < this.constants.outs; o++) {
          sum +=
            d_y[
              ((sample * 2 * this.constants.height + line) * 2 * this.constants.width + column) * this.constants.outs +
                o
            ] * weight[((this.thread.x * this.constants.outs + o) * 4 + k) * 4 + l];
        }
      }
    }
  }
  return sum;
}

// Threads [in, out, 16].
function d_weight(x, d_y) {
  const k = Math.floor((this.thread.x + 0.5) / 4);
  const l = this.thread.x - 4 * k;
  let sum = 0;
  for (let image = 0; image < this.constants.batch; image++) {
    for (let i = 0; i < this.constants.height; i++) {
      for (let j = 0; j < this.constants.width; j++) {
        const line = 2 * i - 1 + k;
        const column = 2 * j - 1 + l;
        if (line >= 0 && line < 2 * this.constants.height && column >= 0 && column < 2 * this.constants.width) {
          sum +=
            x[((image * this.constants.height + i) * this.constants.width + j) * this.constants.ins + this.thread.z] *
            d_y[
              ((image * 2 * this.constants.height + line) * 2 * this.constants.width + column) * this.constants.outs +
                this.thread.y
            ];
        }
      }
    }
  }
  return sum;
}
