// Share of points (column, row) whose nearest pixel is in a map of width x height.

function y(pixels) {
  let inside = 0;
  for (let p = 0; p < this.constants.points; p++) {
    const col = Math.floor(pixels[2 * p] + 0.5);
    const row = Math.floor(pixels[2 * p + 1] + 0.5);
    if (col >= 0 && col < this.constants.width && row >= 0 && row < this.constants.height) {
      inside += 1;
    }
  }
  return inside / this.constants.points;
}
