/** Sparse constant matrices for the ops that gather along them. */
import type { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";

/** A sparse matrix [rows, columns] in compressed rows; columns ascend within a row, which fixes the order of every sum. */
export interface Csr {
  readonly rows: number;
  readonly columns: number;
  readonly rowStart: Uint32Array<ArrayBuffer>; // [rows + 1]
  readonly column: Uint32Array<ArrayBuffer>; // [entries]
  readonly value: Float32Array<ArrayBuffer>; // [entries]
}

/** One entry of a sparse matrix: row, column, value. */
export type CsrEntry = readonly [row: number, column: number, value: number];

/** Builds a Csr. Throws for an entry outside the matrix, a value that is not finite, or two entries in one place. */
export function csrFromEntries(rows: number, columns: number, entries: readonly CsrEntry[]): Csr {
  const sorted = [...entries].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const rowStart = new Uint32Array(rows + 1);
  for (const [i, [row, column, value]] of sorted.entries()) {
    if (!(row >= 0 && row < rows && column >= 0 && column < columns))
      throw new Error(`csrFromEntries: entry (${row}, ${column}) lies outside a matrix of [${rows}, ${columns}]`);
    if (!Number.isFinite(value)) throw new Error(`csrFromEntries: entry (${row}, ${column}) is ${value}`);
    if (i > 0 && sorted[i - 1][0] === row && sorted[i - 1][1] === column)
      throw new Error(`csrFromEntries: entry (${row}, ${column}) is given twice`);
    rowStart[row + 1]++;
  }
  for (let row = 0; row < rows; row++) rowStart[row + 1] += rowStart[row];
  return {
    rows,
    columns,
    rowStart,
    column: Uint32Array.from(sorted, (entry) => entry[1]),
    value: Float32Array.from(sorted, (entry) => entry[2]),
  };
}

/** The non-zero entries of a dense row-major matrix [rows, columns], as MANO's joint regressor. Throws when the size does not fit. */
export function csrFromDense(rows: number, columns: number, dense: ArrayLike<number>): Csr {
  if (dense.length !== rows * columns)
    throw new Error(`csrFromDense: ${dense.length} numbers for [${rows}, ${columns}], expected ${rows * columns}`);
  const entries: CsrEntry[] = [];
  for (let i = 0; i < dense.length; i++) {
    if (dense[i] !== 0) entries.push([Math.floor(i / columns), i % columns, dense[i]]);
  }
  return csrFromEntries(rows, columns, entries);
}

const transposes = new WeakMap<Csr, Csr>();

/** The transpose, made once for each matrix: the backward of a gather is a gather along it. */
export function transposeCsr(matrix: Csr): Csr {
  let transposed = transposes.get(matrix);
  if (!transposed) {
    const entries: CsrEntry[] = [];
    for (let row = 0; row < matrix.rows; row++) {
      for (let e = matrix.rowStart[row]; e < matrix.rowStart[row + 1]; e++) {
        entries.push([matrix.column[e], row, matrix.value[e]]);
      }
    }
    transposed = csrFromEntries(matrix.columns, matrix.rows, entries);
    transposes.set(matrix, transposed);
  }
  return transposed;
}

/** The three arrays of a Csr as constants, named as the kernels bind them. A matrix without entries keeps one unused zero. */
export function csrTensors(tape: Tape, name: string, matrix: Csr): Record<"row_start" | "column" | "value", Tensor> {
  const { rowStart, column, value } = matrix;
  const entries = column.length;
  return {
    row_start: tape.constant(`${name}.row_start`, [rowStart.length], rowStart),
    column: tape.constant(`${name}.column`, [Math.max(1, entries)], entries > 0 ? column : new Uint32Array(1)),
    value: tape.constant(`${name}.value`, [Math.max(1, entries)], entries > 0 ? value : new Float32Array(1)),
  };
}
