// Mean over micro-batches of leaves [count, size].

function y(leaves) {
  let sum = 0;
  for (let m = 0; m < this.constants.count; m++) {
    sum += leaves[m * this.constants.size + this.thread.x];
  }
  return sum / this.constants.count;
}
