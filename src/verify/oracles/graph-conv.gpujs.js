// y = A x for a matrix A [R, V], dense here, and x [B, V, C]; d_x = A^T d_y. Threads [sample, vertex, channel].

function y(x, matrix) {
  let sum = 0;
  for (let v = 0; v < this.constants.columns; v++) {
    sum +=
      matrix[this.thread.y * this.constants.columns + v] *
      x[(this.thread.z * this.constants.columns + v) * this.constants.channels + this.thread.x];
  }
  return sum;
}

function d_x(d_y, matrix) {
  let sum = 0;
  for (let r = 0; r < this.constants.rows; r++) {
    sum +=
      matrix[r * this.constants.columns + this.thread.y] *
      d_y[(this.thread.z * this.constants.rows + r) * this.constants.channels + this.thread.x];
  }
  return sum;
}
