import { expandQuirks } from "./quirks";
import { type Config, ConfigError } from "./types";
import { validate } from "./validate";

export interface ParsedConfig {
  readonly config: Config;
  /** Sentences a person should read: keys that do nothing, converted values, numbers that PyYAML would not read. */
  readonly warnings: readonly string[];
}

type Mutable = Record<string, unknown>;

/** A copy of `config` with the values at their paths. */
export function assemble(config: Config, values: ReadonlyMap<string, unknown>): Config {
  const copy = structuredClone(config) as unknown as Mutable;
  for (const [path, value] of values) {
    const keys = path.split(".");
    let at = copy;
    for (const key of keys.slice(0, -1)) at = at[key] as Mutable;
    at[keys[keys.length - 1]] = value;
  }
  return copy as unknown as Config;
}

/** Expands the quirks and checks the whole. Throws ConfigError. */
export function finish(config: Config, quirkNames: readonly string[], warnings: readonly string[]): ParsedConfig {
  const { quirks, problems, notes } = expandQuirks(quirkNames, config.model.jointRep);
  const result = { ...config, quirks };
  const all = [...problems, ...validate(result)];
  if (all.length > 0) throw new ConfigError(all);
  return { config: result, warnings: [...warnings, ...notes] };
}
