/**
 * The assignment of rows to columns of least total cost, by shortest augmenting paths with potentials (Kuhn 1955; Jonker and
 * Volgenant 1987), O(n^3). `cost` is [n, n], row-major and finite; returns the column of each row. Of equal ones the identity's
 * pairs are preferred where `cost` is: ties go to the lower column. Throws when the size is not a square.
 */
export function bestAssignment(cost: ArrayLike<number>, n: number): number[] {
  if (cost.length !== n * n) throw new Error(`bestAssignment: ${cost.length} costs, expected ${n} x ${n}`);
  // Rows and columns count from 1; column 0 stands for the row that is being placed.
  const u = new Float64Array(n + 1);
  const v = new Float64Array(n + 1);
  const rowOf = new Int32Array(n + 1);
  const from = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const isDone = new Uint8Array(n + 1);
    do {
      isDone[column] = 1;
      let step = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let j = 1; j <= n; j++) {
        if (isDone[j]) continue;
        const reduced = cost[(rowOf[column] - 1) * n + j - 1] - u[rowOf[column]] - v[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          from[j] = column;
        }
        if (least[j] < step) {
          step = least[j];
          next = j;
        }
      }
      if (next === 0) throw new Error("bestAssignment: a cost is not finite");
      for (let j = 0; j <= n; j++) {
        if (isDone[j]) {
          u[rowOf[j]] += step;
          v[j] -= step;
        } else least[j] -= step;
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      rowOf[column] = rowOf[from[column]];
      column = from[column];
    }
  }
  const out = new Array<number>(n).fill(0);
  for (let j = 1; j <= n; j++) out[rowOf[j] - 1] = j - 1;
  return out;
}
