import { parseArgs } from "node:util";

/** One option of a command. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  /** What stands for the value in the help: `DIR`, `FILE|PRESET`. */
  readonly value?: string;
  readonly help: string;
  readonly multiple?: boolean;
  readonly required?: boolean;
  readonly default?: string | boolean;
}

export type Options = Readonly<Record<string, OptionSpec>>;

type Value<S extends OptionSpec> = S["type"] extends "boolean"
  ? boolean
  : S extends { readonly multiple: true }
    ? readonly string[]
    : S extends { readonly required: true } | { readonly default: string }
      ? string
      : string | undefined;

/** Parsed options of a command: booleans are false and repeatable options empty when they are not given. */
export type Values<O extends Options> = { readonly [Name in keyof O]: Value<O[Name]> };

/** Parsed options whose names are known at run time only. */
export type ParsedOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** A command of the terminal; `run` returns the exit code, 0 when it returns nothing, and throws one sentence on failure. */
export interface Command {
  readonly summary: string;
  readonly options: Options;
  run(values: ParsedOptions): Promise<number | undefined>;
}

/** What every command understands. */
export const COMMON_OPTIONS = {
  json: { type: "boolean", help: "results as JSON on stdout" },
  help: { type: "boolean", help: "this text" },
} as const satisfies Options;

/** A command whose `run` gets its options typed, `json` included. */
export function defineCommand<const O extends Options>(command: {
  readonly summary: string;
  readonly options: O;
  run(values: Values<O & typeof COMMON_OPTIONS>): Promise<number | undefined>;
}): Command {
  return command as unknown as Command;
}

/**
 * Parses a command's arguments. Throws one sentence on an unknown option, naming the nearest one, on a missing value, a
 * missing required option and on anything that is no option.
 */
export function parseOptions(name: string, options: Options, args: readonly string[]): ParsedOptions {
  const all = { ...options, ...COMMON_OPTIONS } as Options;
  const { tokens } = parseArgs({ args: [...args], options: nodeOptions(all), strict: false, tokens: true });
  const values: Record<string, string | boolean | string[] | undefined> = {};
  for (const [key, spec] of Object.entries(all)) {
    values[key] = spec.multiple ? [] : (spec.default ?? (spec.type === "boolean" ? false : undefined));
  }
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new Error(`${name}: "${token.value}" is no option; see ${name} --help`);
    const spec = Object.hasOwn(all, token.name) ? all[token.name] : undefined;
    if (!spec) throw new Error(`${name}: unknown option ${token.rawName}${suggestion(token.name, Object.keys(all))}`);
    if (spec.type === "boolean") {
      if (token.value !== undefined) throw new Error(`${name}: --${token.name} takes no value, found "${token.value}"`);
      values[token.name] = true;
      continue;
    }
    // An option that follows is not taken for a value; `--name=--value` says that it is one.
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--"))) {
      throw new Error(`${name}: --${token.name} expects ${spec.value ?? "a value"}`);
    }
    if (spec.multiple) values[token.name] = [...(values[token.name] as string[]), token.value];
    else values[token.name] = token.value;
  }
  if (!values.help) requireAll(name, all, values);
  return values;
}

function requireAll(name: string, options: Options, values: Readonly<Record<string, unknown>>): void {
  const missing = Object.keys(options).filter((key) => options[key].required && values[key] === undefined);
  if (missing.length === 0) return;
  const list = missing.map((key) => `--${key} ${options[key].value ?? ""}`.trim()).join(" and ");
  throw new Error(`${name}: ${list} must be given`);
}

function nodeOptions(options: Options): Record<string, { type: "string" | "boolean"; multiple?: boolean }> {
  return Object.fromEntries(Object.entries(options).map(([key, { type }]) => [key, { type }]));
}

/** `; did you mean --config?`, or nothing when no candidate is near. */
export function suggestion(word: string, candidates: readonly string[], prefix = "--"): string {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = ranked[0];
  if (!nearest || nearest.distance > Math.max(2, word.length / 2)) return "; see --help";
  return `; did you mean ${prefix}${nearest.candidate}?`;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** Whole number of an option, within bounds. Throws a sentence that names the option. */
export function readInteger(name: string, text: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value < min || value > max) {
    const upper = max === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${max}`;
    throw new Error(`--${name} is "${text}", expected a whole number of at least ${min}${upper}`);
  }
  return value;
}

/** The help text of one command. */
export function helpText(name: string, { summary, options }: Command): string {
  const rows = Object.entries({ ...options, ...COMMON_OPTIONS } as Options).map(([key, spec]) => {
    const notes = [
      spec.required ? "required" : "",
      spec.multiple ? "may be repeated" : "",
      spec.default === undefined ? "" : `default ${spec.default}`,
    ].filter(Boolean);
    const left = `--${key}${spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : ""}`;
    return [left, notes.length ? `${spec.help} (${notes.join(", ")})` : spec.help];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  return `handloom ${name}: ${summary}\n\n${lines.join("\n")}\n`;
}
