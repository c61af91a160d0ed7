// Camera (s, tx, ty): y = unit s (X, Y) + offset + (tx, ty). x [B, P, 3], camera [B, 3], y [B, P, 2].

function y(x, camera) {
  const at = (this.thread.z * this.constants.points + this.thread.y) * 3 + this.thread.x;
  let offset = this.constants.offset_x;
  if (this.thread.x === 1) {
    offset = this.constants.offset_y;
  }
  return (
    this.constants.unit * camera[3 * this.thread.z] * x[at] + offset + camera[3 * this.thread.z + 1 + this.thread.x]
  );
}

function d_x(camera, d_y) {
  if (this.thread.x === 2) {
    return 0;
  }
  return (
    this.constants.unit *
    camera[3 * this.thread.z] *
    d_y[(this.thread.z * this.constants.points + this.thread.y) * 2 + this.thread.x]
  );
}

function d_camera(x, d_y) {
  let sum = 0;
  for (let p = 0; p < this.constants.points; p++) {
    const at = this.thread.y * this.constants.points + p;
    if (this.thread.x === 0) {
      sum += this.constants.unit * (x[3 * at] * d_y[2 * at] + x[3 * at + 1] * d_y[2 * at + 1]);
    } else {
      sum += d_y[2 * at + this.thread.x - 1];
    }
  }
  return sum;
}
