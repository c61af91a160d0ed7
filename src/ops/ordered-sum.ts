import columnSumWgsl from "../../shaders/column-sum.wgsl?raw";
import flat from "../../shaders/lib/flat.wgsl?raw";
import wgsl from "../../shaders/ordered-sum.wgsl?raw";
import { flatGroups, type Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { readKernels } from "../gpu/kernel";

const kernels = readKernels("ordered-sum", wgsl, flat);
const columnSumKernels = readKernels("column-sum", columnSumWgsl);

/** Rows that one thread adds up in the first stage of a column sum. */
export const COLUMN_CHUNK = 64;

/** Records y = sum of the parts [parts, y.size] in ascending order, added to y where y is a gradient already written. */
export function orderedSum(tape: Tape, part: Tensor, y: Tensor): void {
  const dims = { parts: part.size / y.size, size: y.size, parts_b: 0, size_b: 0 };
  tape.dispatch(kernels.forward, { part, y }, dims, flatGroups(y.size));
}

/** Two ordered sums in one dispatch: a layer's weight and bias. */
export function orderedSums(tape: Tape, part: Tensor, y: Tensor, partB: Tensor, yB: Tensor): void {
  const dims = { parts: part.size / y.size, size: y.size, parts_b: partB.size / yB.size, size_b: yB.size };
  tape.dispatch(kernels.both, { part, y, part_b: partB, y_b: yB }, dims, flatGroups(y.size + yB.size));
}

/** Records the first stage of the column sums of x, read as [rows, cols]; returns the parts [chunks, cols]. */
export function columnSumParts(tape: Tape, x: Tensor, rows: number, cols: number): Tensor {
  const chunks = Math.ceil(rows / COLUMN_CHUNK);
  const part = tape.scratch("column-sum.part", [chunks, cols]);
  tape.dispatch(columnSumKernels.forward, { x, part }, { rows, cols }, [Math.ceil(cols / 64), chunks]);
  return part;
}

/** Records y [cols] = the column sums of x, read as [rows, cols], in a fixed order; added where y is a written gradient. */
export function columnSum(tape: Tape, x: Tensor, y: Tensor): void {
  orderedSum(tape, columnSumParts(tape, x, x.size / y.size, y.size), y);
}
