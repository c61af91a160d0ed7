// Joint j is the origin of transform table[j], or vertex table[j] - K where that is not below K.
// transforms [B, K, 3, 4], vertices [B, V, 3], y [B, J, 3].

function y(transforms, vertices, table) {
  const from = table[this.thread.y];
  if (from < this.constants.bones) {
    return transforms[((this.thread.z * this.constants.bones + from) * 3 + this.thread.x) * 4 + 3];
  }
  return vertices[(this.thread.z * this.constants.vertices + from - this.constants.bones) * 3 + this.thread.x];
}

// Threads [B K, 3, 4].
function d_transforms(d_y, table) {
  const sample = Math.floor((this.thread.z + 0.5) / this.constants.bones);
  const bone = this.thread.z - sample * this.constants.bones;
  let sum = 0;
  if (this.thread.x === 3) {
    for (let j = 0; j < this.constants.joints; j++) {
      if (table[j] === bone) {
        sum += d_y[(sample * this.constants.joints + j) * 3 + this.thread.y];
      }
    }
  }
  return sum;
}

// Threads [B, V, 3].
function d_vertices(d_y, table) {
  let sum = 0;
  for (let j = 0; j < this.constants.joints; j++) {
    if (table[j] === this.thread.y + this.constants.bones) {
      sum += d_y[(this.thread.z * this.constants.joints + j) * 3 + this.thread.x];
    }
  }
  return sum;
}
