import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autograd/tape";
import * as F from "../../src/ops";
import { type Csr, csrFromDense, csrFromEntries, transposeCsr } from "../../src/ops/csr";
import { checkOp, pseudoRandom } from "../helpers/check-op";

/** A dense matrix with about a third of its entries, and one row and one column without any. */
const sparseDense = (rows: number, columns: number): number[] =>
  pseudoRandom(rows * columns, 11).map((v, i) =>
    Math.abs(v) > 0.33 || Math.floor(i / columns) === 1 || i % columns === 2 ? 0 : Math.fround(v),
  );

function product(dense: readonly number[], rows: number, columns: number, x: Float64Array, channels: number): number[] {
  const batch = x.length / (columns * channels);
  const y: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < rows; row++)
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let column = 0; column < columns; column++)
          sum += dense[row * columns + column] * x[(b * columns + column) * channels + c];
        y.push(sum);
      }
  return y;
}

describe("graphConv", () => {
  // Square and not symmetric, taller, wider; channels by one and by four, across a workgroup.
  it.each([
    [2, 7, 7, 4],
    [1, 9, 5, 3],
    [3, 4, 23, 8],
    [2, 11, 11, 65],
  ])("batch %i, matrix %i x %i, %i channels", async (batch, rows, columns, channels) => {
    const dense = sparseDense(rows, columns);
    const matrix = csrFromDense(rows, columns, dense);
    await checkOp({
      inputs: { x: [batch, columns, channels] },
      op: ({ x }) => F.graphConv(x, matrix),
      reference: ({ x }) => product(dense, rows, columns, x, channels),
      maxElements: 60,
    });
  });

  it("refuses a graph with another number of vertices", () => {
    expect(() =>
      F.graphConv(new Tape("t").input("features", [2, 8, 4]), csrFromDense(7, 7, sparseDense(7, 7))),
    ).toThrow('graphConv: x has shape [2, 8, 4], expected [any, 7, any] (tensor "features")');
  });
});

describe("Csr", () => {
  const entriesOf = (m: Csr): number[][] =>
    Array.from({ length: m.rows }, (_, row) => row).flatMap((row) =>
      Array.from(m.column.subarray(m.rowStart[row], m.rowStart[row + 1]), (column, i) => [
        row,
        column,
        m.value[m.rowStart[row] + i],
      ]),
    );

  it("sorts entries by row and column, and transposes back to itself", () => {
    const matrix = csrFromEntries(3, 4, [
      [2, 3, 5],
      [0, 1, 2],
      [2, 0, 4],
    ]);
    expect(entriesOf(matrix)).toEqual([
      [0, 1, 2],
      [2, 0, 4],
      [2, 3, 5],
    ]);
    expect(entriesOf(transposeCsr(matrix))).toEqual([
      [0, 2, 4],
      [1, 0, 2],
      [3, 2, 5],
    ]);
    expect(transposeCsr(transposeCsr(matrix))).toEqual(matrix);
    expect(transposeCsr(matrix)).toBe(transposeCsr(matrix));
  });

  it("refuses entries outside, twice, or not finite", () => {
    expect(() => csrFromEntries(2, 2, [[0, 2, 1]])).toThrow(
      "csrFromEntries: entry (0, 2) lies outside a matrix of [2, 2]",
    );
    expect(() =>
      csrFromEntries(2, 2, [
        [0, 1, 1],
        [0, 1, 2],
      ]),
    ).toThrow("csrFromEntries: entry (0, 1) is given twice");
    expect(() => csrFromEntries(2, 2, [[0, 1, Number.NaN]])).toThrow("csrFromEntries: entry (0, 1) is NaN");
    expect(() => csrFromDense(2, 2, [1, 2, 3])).toThrow("csrFromDense: 3 numbers for [2, 2], expected 4");
  });
});
