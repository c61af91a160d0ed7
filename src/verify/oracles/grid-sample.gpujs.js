// Bilinear samples of map [B, H, W, C] at pixels [B, P, 2] (column, row): every pixel of the map has the weight
// max(0, 1 - |distance|) for each axis, and what is outside is zero.

// Threads [sample, point, channel].
function y(map, pixels) {
  const at = (this.thread.z * this.constants.points + this.thread.y) * 2;
  let sum = 0;
  for (let row = 0; row < this.constants.height; row++) {
    for (let col = 0; col < this.constants.width; col++) {
      const across = Math.max(0, 1 - Math.abs(pixels[at] - col));
      const down = Math.max(0, 1 - Math.abs(pixels[at + 1] - row));
      sum +=
        across *
        down *
        map[
          ((this.thread.z * this.constants.height + row) * this.constants.width + col) * this.constants.channels +
            this.thread.x
        ];
    }
  }
  return sum;
}

// Threads [B H, W, C].
function d_map(pixels, d_y) {
  const image = Math.floor((this.thread.z + 0.5) / this.constants.height);
  const row = this.thread.z - image * this.constants.height;
  let sum = 0;
  for (let p = 0; p < this.constants.points; p++) {
    const at = image * this.constants.points + p;
    const across = Math.max(0, 1 - Math.abs(pixels[2 * at] - this.thread.y));
    const down = Math.max(0, 1 - Math.abs(pixels[2 * at + 1] - row));
    sum += across * down * d_y[at * this.constants.channels + this.thread.x];
  }
  return sum;
}

// The weight of a pixel falls by 1 for each pixel that the point goes away from it. Threads [sample, point, axis].
function d_pixels(map, pixels, d_y) {
  const at = this.thread.z * this.constants.points + this.thread.y;
  const left = Math.floor(pixels[2 * at]);
  const top = Math.floor(pixels[2 * at + 1]);
  let sum = 0;
  for (let row = 0; row < this.constants.height; row++) {
    for (let col = 0; col < this.constants.width; col++) {
      if ((row === top || row === top + 1) && (col === left || col === left + 1)) {
        let factor = 1 - Math.abs(pixels[2 * at + 1] - row);
        let slope = 1;
        if (col === left) {
          slope = -1;
        }
        if (this.thread.x === 1) {
          factor = 1 - Math.abs(pixels[2 * at] - col);
          slope = 1;
          if (row === top) {
            slope = -1;
          }
        }
        for (let c = 0; c < this.constants.channels; c++) {
          sum +=
            slope *
            factor *
            d_y[at * this.constants.channels + c] *
            map[
              ((this.thread.z * this.constants.height + row) * this.constants.width + col) * this.constants.channels + c
            ];
        }
      }
    }
  }
  return sum;
}
