/** exp([v]x) of axis-angle vectors [n, 3] as matrices [n, 9], summed as the power series of the matrix exponential. */
export function matrixExponential(vectors: ArrayLike<number>): Float64Array {
  const out = new Float64Array(vectors.length * 3);
  for (let i = 0; i < vectors.length / 3; i++) {
    const [x, y, z] = [vectors[3 * i], vectors[3 * i + 1], vectors[3 * i + 2]];
    const generator = [0, -z, y, z, 0, -x, -y, x, 0];
    let term = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const sum = [...term];
    for (let order = 1; order < 45; order++) {
      term = matmul3(term, generator).map((v) => v / order);
      for (let e = 0; e < 9; e++) sum[e] += term[e];
    }
    out.set(sum, 9 * i);
  }
  return out;
}

/** a b of two row-major 3x3 matrices. */
export function matmul3(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from({ length: 9 }, (_, e) => {
    const [row, column] = [Math.floor(e / 3), e % 3];
    return a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column];
  });
}
