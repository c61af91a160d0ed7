// y_v = sum over joints of w_vk (R_k (x_v - J_k) + t_k). x [B, V, 3], transforms [R | t] [B, K, 3, 4], rest J [B, K, 3],
// weights [V, K].

// Threads [sample, vertex, coordinate].
function y(x, transforms, rest, weights) {
  let sum = 0;
  for (let k = 0; k < this.constants.joints; k++) {
    const row = ((this.thread.z * this.constants.joints + k) * 3 + this.thread.x) * 4;
    let place = transforms[row + 3];
    for (let c = 0; c < 3; c++) {
      const away =
        x[(this.thread.z * this.constants.vertices + this.thread.y) * 3 + c] -
        rest[(this.thread.z * this.constants.joints + k) * 3 + c];
      place += transforms[row + c] * away;
    }
    sum += weights[this.thread.y * this.constants.joints + k] * place;
  }
  return sum;
}

// sum over k of w R_k^T d_y.
function d_x(transforms, weights, d_y) {
  let sum = 0;
  for (let k = 0; k < this.constants.joints; k++) {
    for (let r = 0; r < 3; r++) {
      sum +=
        weights[this.thread.y * this.constants.joints + k] *
        transforms[((this.thread.z * this.constants.joints + k) * 3 + r) * 4 + this.thread.x] *
        d_y[(this.thread.z * this.constants.vertices + this.thread.y) * 3 + r];
    }
  }
  return sum;
}

// Threads [B K, 3, 4].
function d_transforms(x, rest, weights, d_y) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.joints);
  const joint = this.thread.z - sample * this.constants.joints;
  let sum = 0;
  for (let v = 0; v < this.constants.vertices; v++) {
    let away = 1;
    if (this.thread.x < 3) {
      away = x[(sample * this.constants.vertices + v) * 3 + this.thread.x] - rest[this.thread.z * 3 + this.thread.x];
    }
    sum +=
      weights[v * this.constants.joints + joint] *
      d_y[(sample * this.constants.vertices + v) * 3 + this.thread.y] *
      away;
  }
  return sum;
}

// -R_k^T of the sum over vertices of w d_y. Threads [sample, joint, coordinate].
function d_rest(transforms, weights, d_y) {
  let sum = 0;
  for (let v = 0; v < this.constants.vertices; v++) {
    for (let r = 0; r < 3; r++) {
      sum +=
        weights[v * this.constants.joints + this.thread.y] *
        transforms[((this.thread.z * this.constants.joints + this.thread.y) * 3 + r) * 4 + this.thread.x] *
        d_y[(this.thread.z * this.constants.vertices + v) * 3 + r];
    }
  }
  return -sum;
}
