// y_b = factor * sum over points and coordinates of w |d|, d = (pred - pred_root) - (truth - times * truth_root) with the
// roots' point 0, w = flag of the sample * confidence of the point, truth's last column; each only where it is used.

// w * d and w * sign(d) in one: mode 0 gives w |d|, mode 1 gives w sign(d). Threads [sample, point, coordinate].
function term(pred, truth, pred_root, truth_root, flag) {
  const row = this.thread.z * this.constants.points + this.thread.y;
  let d = pred[row * this.constants.coords + this.thread.x] - truth[row * this.constants.stride + this.thread.x];
  if (this.constants.rooted === 1) {
    d = d - pred_root[this.thread.z * this.constants.root_floats + this.thread.x];
    d = d + this.constants.times * truth_root[this.thread.z * this.constants.truth_root_floats + this.thread.x];
  }
  let w = 1;
  if (this.constants.confident === 1) {
    w = truth[row * this.constants.stride + this.constants.coords];
  }
  if (this.constants.flagged === 1) {
    w = w * flag[this.thread.z];
  }
  if (this.constants.mode === 0) {
    return w * Math.abs(d);
  }
  if (d > 0) {
    return w;
  }
  if (d < 0) {
    return -w;
  }
  return 0;
}

function y(term) {
  let sum = 0;
  for (let i = 0; i < this.constants.per_sample; i++) {
    sum += term[this.thread.x * this.constants.per_sample + i];
  }
  return sum * this.constants.factor;
}

function d_pred(term, d_y) {
  return (
    this.constants.factor *
    d_y[this.thread.z] *
    term[(this.thread.z * this.constants.points + this.thread.y) * this.constants.coords + this.thread.x]
  );
}

// The root is subtracted from every point. Threads [sample, point of the root's tensor, coordinate].
function d_root(term, d_y) {
  let sum = 0;
  if (this.thread.y === 0) {
    for (let p = 0; p < this.constants.points; p++) {
      sum += term[(this.thread.z * this.constants.points + p) * this.constants.coords + this.thread.x];
    }
  }
  return -this.constants.factor * d_y[this.thread.z] * sum;
}

// Where pred's own point 0 is the root.
function d_both(d_pred, d_root) {
  return d_pred[this.thread.x] + d_root[this.thread.x];
}
