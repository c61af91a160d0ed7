// A product with the summed axis cut into slices: element (row, k) of a at row * a_row + k * a_k, element (k, col) of b at
// col * b_col + k * b_k. Threads [slice, row, column].

function y(a, b) {
  let sum = 0;
  for (let i = 0; i < this.constants.slice; i++) {
    const k = this.thread.z * this.constants.slice + i;
    if (k < this.constants.inner) {
      sum +=
        a[this.thread.y * this.constants.a_row + k * this.constants.a_k] *
        b[this.thread.x * this.constants.b_col + k * this.constants.b_k];
    }
  }
  return sum;
}
