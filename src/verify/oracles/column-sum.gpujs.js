// Column sums of part [parts, size].

function y(part) {
  let sum = 0;
  for (let p = 0; p < this.constants.parts; p++) {
    sum += part[p * this.constants.size + this.thread.x];
  }
  return sum;
}
