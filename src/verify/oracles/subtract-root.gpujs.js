// Points x [B, P, 3] minus point `index` of root [B, J, 3].

function y(x, root) {
  return (
    x[(this.thread.z * this.constants.points + this.thread.y) * 3 + this.thread.x] -
    root[(this.thread.z * this.constants.joints + this.constants.index) * 3 + this.thread.x]
  );
}

function d_x(d_y) {
  return d_y[this.thread.x];
}

function d_root(d_y) {
  let sum = 0;
  if (this.thread.y === this.constants.index) {
    for (let p = 0; p < this.constants.points; p++) {
      sum += d_y[(this.thread.z * this.constants.points + p) * 3 + this.thread.x];
    }
  }
  return -sum;
}
