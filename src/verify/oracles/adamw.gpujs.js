// Norm of the gradient g over all parameters, clipping to max_norm, and one AdamW step (Loshchilov, Hutter 2019) from the
// moments m and v; rate and decay are those of each number's parameter group.

function norm(g) {
  let sum = 0;
  for (let i = 0; i < this.constants.size; i++) {
    sum += g[i] * g[i];
  }
  return Math.sqrt(sum);
}

function scale(norm) {
  return Math.min(1, this.constants.max_norm / (norm[0] + 0.000001));
}

function m_after(m, g, scale) {
  return this.constants.beta1 * m[this.thread.x] + (1 - this.constants.beta1) * scale[0] * g[this.thread.x];
}

function v_after(v, g, scale) {
  const clipped = scale[0] * g[this.thread.x];
  return this.constants.beta2 * v[this.thread.x] + (1 - this.constants.beta2) * clipped * clipped;
}

function p_after(p, rate, decay, m_after, v_after) {
  const i = this.thread.x;
  const root = Math.sqrt(v_after[i] / this.constants.correction2) + this.constants.eps;
  return p[i] * (1 - rate[i] * decay[i]) - (rate[i] * m_after[i]) / this.constants.correction1 / root;
}

// A step that is refused.
function unchanged(p) {
  return p[this.thread.x];
}

// Numbers that are NaN, which differ from themselves.
function nan_count(p) {
  let found = 0;
  for (let i = 0; i < this.constants.size; i++) {
    if (p[i] !== p[i]) {
      found += 1;
    }
  }
  return found;
}
