// Perspective with camera (s, tx, ty) and focal length f: z = Z + 2 f / s, y = f (X + tx, Y + ty) / z.

function y(x, camera, focal) {
  const at = (this.thread.z * this.constants.points + this.thread.y) * 3;
  const f = focal[this.thread.z];
  const z = x[at + 2] + (2 * f) / camera[3 * this.thread.z];
  return (f * (x[at + this.thread.x] + camera[3 * this.thread.z + 1 + this.thread.x])) / z;
}

// dy/dX = f / z, dy/dZ = -f (X + tx) / z^2.
function d_x(x, camera, focal, d_y) {
  const point = this.thread.z * this.constants.points + this.thread.y;
  const f = focal[this.thread.z];
  const z = x[3 * point + 2] + (2 * f) / camera[3 * this.thread.z];
  if (this.thread.x < 2) {
    return (d_y[2 * point + this.thread.x] * f) / z;
  }
  const across = d_y[2 * point] * (x[3 * point] + camera[3 * this.thread.z + 1]);
  const down = d_y[2 * point + 1] * (x[3 * point + 1] + camera[3 * this.thread.z + 2]);
  return (-f * (across + down)) / (z * z);
}

// The camera moves every point: dX/dtx = 1, dZ/ds = -2 f / s^2. Threads [sample, number].
function d_camera(camera, focal, d_x) {
  let axis = this.thread.x - 1;
  let factor = 1;
  if (this.thread.x === 0) {
    axis = 2;
    factor = (-2 * focal[this.thread.y]) / (camera[3 * this.thread.y] * camera[3 * this.thread.y]);
  }
  let sum = 0;
  for (let p = 0; p < this.constants.points; p++) {
    sum += d_x[(this.thread.y * this.constants.points + p) * 3 + axis];
  }
  return factor * sum;
}
