import { type Group, Parameter } from "./parameter";

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * A part of a model. Fields that are parameters, modules or arrays of modules are found by name, so that
 * `patchEmbed.proj.weight` is the checkpoint key "patch_embed.proj.weight", as in PyTorch.
 */
export abstract class Module {
  /** All parameters with their keys, in field order. */
  *parameters(prefix = ""): Generator<[string, Parameter]> {
    for (const [field, value] of Object.entries(this)) {
      const name = `${prefix}${snake(field)}`;
      if (value instanceof Parameter) yield [name, value];
      else if (value instanceof Module) yield* value.parameters(`${name}.`);
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) {
          if (item instanceof Module) yield* item.parameters(`${name}.${i}.`);
        }
      }
    }
  }

  /** Whether the next recording is of training: batch statistics and drop-path, or running statistics and neither. */
  training = true;

  /** Sets `training` here and in every part, as PyTorch's train(). */
  train(on = true): this {
    this.training = on;
    for (const value of Object.values(this)) {
      for (const part of Array.isArray(value) ? value : [value]) if (part instanceof Module) part.train(on);
    }
    return this;
  }

  /** PyTorch's eval(). */
  eval(): this {
    return this.train(false);
  }

  /** Optimiser group of a parameter; a model overrides this. */
  groupOf(_name: string): Group {
    return "head";
  }
}

/** PyTorch's nn.Sequential for keys only: its children are named 0, 1, 2, ...; `undefined` stands for a layer without parameters. */
export class Numbered extends Module {
  constructor(readonly layers: readonly (Module | undefined)[]) {
    super();
  }

  override *parameters(prefix = ""): Generator<[string, Parameter]> {
    for (const [i, layer] of this.layers.entries()) if (layer) yield* layer.parameters(`${prefix}${i}.`);
  }
}
