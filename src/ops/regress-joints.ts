import { expectShape, type Tensor } from "../autograd/tensor";
import type { Csr } from "./csr";
import { graphConv } from "./graph-conv";

/**
 * Rest joints J = regressor v: vertices [B, V, 3] by MANO's joint regressor [K, V] to [B, K, 3] (Romero, Tzionas, Black 2017).
 * The sparse product of `graphConv`, kernels included. Throws when the vertices have another shape.
 */
export function regressJoints(vertices: Tensor, regressor: Csr): Tensor {
  expectShape("regressJoints", "vertices", vertices, -1, regressor.columns, 3);
  return graphConv(vertices, regressor);
}
