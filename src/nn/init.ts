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
    case "normal":
      return values.map(() => generator.normal() * init.std);
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
