// For each parameter: the squared norms of its gradient, of its values before an update and of what the update added, how
// many of these are not finite (none here) and how many values changed. Threads [parameter, figure].

function y(g, before, after, start, sizes) {
  let sum = 0;
  for (let i = 0; i < sizes[this.thread.y]; i++) {
    const at = start[this.thread.y] + i;
    const change = after[at] - before[at];
    if (this.thread.x === 0) {
      sum += g[at] * g[at];
    }
    if (this.thread.x === 1) {
      sum += before[at] * before[at];
    }
    if (this.thread.x === 2) {
      sum += change * change;
    }
    if (this.thread.x === 4 && after[at] !== before[at]) {
      sum += 1;
    }
  }
  return sum;
}
