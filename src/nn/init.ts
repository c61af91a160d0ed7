import type { ParameterLike } from "../autograd/tensor";
import { random } from "../data/random";
import type { Init } from "./parameter";

/** The initial values of a parameter: a pure function of (seed, name). */
export function initialValues(p: ParameterLike & { readonly init: Init }, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(p.size);
  const { init } = p;
  const generator = random(seed, "init", 0, p.name);
  switch (init.kind) {
    case "zeros":
      return values;
    case "ones":
      return values.fill(1);
    case "uniform":
      return values.map(() => (2 * generator.uniform() - 1) * init.bound);
    case "normal": {
      const drawn = values.map(() => generator.normal() * init.std);
      return init.inputs === undefined ? drawn : rowsTimes(drawn, init.inputs);
    }
    case "truncNormal":
      return values.map(() => {
        let x = generator.normal();
        while (Math.abs(x) > 2) x = generator.normal();
        return x * init.std;
      });
    case "cancels": {
      const { weight, input } = init;
      const w = initialValues(weight, seed);
      return values.map((_, row) => -input.reduce((sum, x, k) => sum + w[row * input.length + k] * x, 0));
    }
    case "values":
      if (init.values.length !== p.size)
        throw new Error(`parameter "${p.name}" has ${p.size} numbers, its initial values ${init.values.length}`);
      return Float32Array.from(init.values);
  }
}

/** X M of X [rows, n] and M [n, n]. */
function rowsTimes(x: Float32Array, m: readonly number[]): Float32Array<ArrayBuffer> {
  const n = Math.sqrt(m.length);
  return Float32Array.from(x, (_, at) => {
    const row = at - (at % n);
    let sum = 0;
    for (let k = 0; k < n; k++) sum += x[row + k] * m[k * n + (at % n)];
    return sum;
  });
}
