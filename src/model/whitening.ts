/**
 * The matrix W [n, n], row-major and lower triangular, for which W (x - mean) has unit variance in every direction over the given
 * vectors: W = L^-1 of the Cholesky factor L of their covariance (Kessy, Lewin, Strimmer, "Optimal whitening and
 * decorrelation", 2018). `floor` times the largest variance is added to every direction, so that one without any variance is
 * not blown up. The identity when the vectors are equal: then nothing tells them apart.
 */
export function whitening(vectors: readonly (readonly number[])[], floor: number): number[] {
  const n = vectors[0].length;
  const mean = Array.from({ length: n }, (_, i) => vectors.reduce((sum, x) => sum + x[i], 0) / vectors.length);
  const covariance = (i: number, j: number): number =>
    vectors.reduce((sum, x) => sum + (x[i] - mean[i]) * (x[j] - mean[j]), 0) / vectors.length;
  const largest = Math.max(...mean.map((_, i) => covariance(i, i)));
  if (largest === 0) return Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  const factor = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const inverse = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = covariance(i, j) + (i === j ? floor * largest : 0);
      for (let k = 0; k < j; k++) rest -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(rest) : rest / factor[j][j];
    }
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= factor[i][k] * inverse[k][j];
      inverse[i][j] = sum / factor[i][i];
    }
  }
  return inverse.flat();
}
