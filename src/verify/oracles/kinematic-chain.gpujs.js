// G_k = G_parent(k) [R_k | J_k - J_parent(k)], the root's being [R_0 | J_0]. rotations [B, K, 3, 3], rest [B, K, 3],
// parents [K] with -1 for the root, G [B, K, 3, 4]. Here every column is carried from joint k up to the root.

// Threads [B K, 3, 4].
function y(rotations, rest, parents) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.joints);
  let node = this.thread.z - sample * this.constants.joints;
  let v0 = 0;
  let v1 = 0;
  let v2 = 0;
  let one = 0;
  if (this.thread.x === 0) {
    v0 = 1;
  }
  if (this.thread.x === 1) {
    v1 = 1;
  }
  if (this.thread.x === 2) {
    v2 = 1;
  }
  if (this.thread.x === 3) {
    one = 1;
  }
  for (let step = 0; step < this.constants.joints; step++) {
    if (node >= 0) {
      const r = (sample * this.constants.joints + node) * 9;
      const j = (sample * this.constants.joints + node) * 3;
      const parent = parents[node];
      let t0 = rest[j];
      let t1 = rest[j + 1];
      let t2 = rest[j + 2];
      if (parent >= 0) {
        const p = (sample * this.constants.joints + parent) * 3;
        t0 = t0 - rest[p];
        t1 = t1 - rest[p + 1];
        t2 = t2 - rest[p + 2];
      }
      const u0 = rotations[r] * v0 + rotations[r + 1] * v1 + rotations[r + 2] * v2 + one * t0;
      const u1 = rotations[r + 3] * v0 + rotations[r + 4] * v1 + rotations[r + 5] * v2 + one * t1;
      const u2 = rotations[r + 6] * v0 + rotations[r + 7] * v1 + rotations[r + 8] * v2 + one * t2;
      v0 = u0;
      v1 = u1;
      v2 = u2;
      node = parent;
    }
  }
  if (this.thread.y === 0) {
    return v0;
  }
  if (this.thread.y === 1) {
    return v1;
  }
  return v2;
}

// d_[R | t] of joint j, [B, K, 3, 4]: of every joint k below j (or j itself) the gradient, turned back by the rotation
// above j, times the column that the chain from k up to below j makes of column c.
function d_local(rotations, rest, parents, y, d_y) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.joints);
  const joint = this.thread.z - sample * this.constants.joints;
  const above = parents[joint];
  let sum = 0;
  for (let k = 0; k < this.constants.joints; k++) {
    for (let c = 0; c < 4; c++) {
      let v0 = 0;
      let v1 = 0;
      let v2 = 0;
      let one = 0;
      if (c === 0) {
        v0 = 1;
      }
      if (c === 1) {
        v1 = 1;
      }
      if (c === 2) {
        v2 = 1;
      }
      if (c === 3) {
        one = 1;
      }
      let node = k;
      for (let step = 0; step < this.constants.joints; step++) {
        if (node > joint) {
          const r = (sample * this.constants.joints + node) * 9;
          const j = (sample * this.constants.joints + node) * 3;
          const parent = parents[node];
          const p = (sample * this.constants.joints + parent) * 3;
          const u0 = rotations[r] * v0 + rotations[r + 1] * v1 + rotations[r + 2] * v2 + one * (rest[j] - rest[p]);
          const u1 =
            rotations[r + 3] * v0 + rotations[r + 4] * v1 + rotations[r + 5] * v2 + one * (rest[j + 1] - rest[p + 1]);
          const u2 =
            rotations[r + 6] * v0 + rotations[r + 7] * v1 + rotations[r + 8] * v2 + one * (rest[j + 2] - rest[p + 2]);
          v0 = u0;
          v1 = u1;
          v2 = u2;
          node = parent;
        }
      }
      if (node === joint) {
        let part = one;
        if (this.thread.x === 0) {
          part = v0;
        }
        if (this.thread.x === 1) {
          part = v1;
        }
        if (this.thread.x === 2) {
          part = v2;
        }
        for (let row = 0; row < 3; row++) {
          let turn = 0;
          if (row === this.thread.y) {
            turn = 1;
          }
          if (above >= 0) {
            turn = y[((sample * this.constants.joints + above) * 3 + row) * 4 + this.thread.y];
          }
          sum += turn * part * d_y[((sample * this.constants.joints + k) * 3 + row) * 4 + c];
        }
      }
    }
  }
  return sum;
}

// Threads [B K, 3, 3].
function d_rotations(d_local) {
  return d_local[(this.thread.z * 3 + this.thread.y) * 4 + this.thread.x];
}

// Threads [B, K, 3].
function d_rest(d_local, parents) {
  const at = this.thread.z * this.constants.joints;
  let sum = d_local[((at + this.thread.y) * 3 + this.thread.x) * 4 + 3];
  for (let child = 0; child < this.constants.joints; child++) {
    if (parents[child] === this.thread.y) {
      sum -= d_local[((at + child) * 3 + this.thread.x) * 4 + 3];
    }
  }
  return sum;
}
