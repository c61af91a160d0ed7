// y [B, C] = mean of x [B, V, C] over V; d_x = d_y / V.

function y(x) {
  let sum = 0;
  for (let v = 0; v < this.constants.vertices; v++) {
    sum += x[(this.thread.y * this.constants.vertices + v) * this.constants.channels + this.thread.x];
  }
  return sum / this.constants.vertices;
}

function d_x(d_y) {
  return d_y[this.thread.z * this.constants.channels + this.thread.x] / this.constants.vertices;
}
