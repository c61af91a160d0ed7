import { FIELDS, type Field } from "./fields";
import type { Config } from "./types";
import { valueAt } from "./validate";

/** A number that PyYAML, too, reads as a float: with a point, and an exponent with a sign and two digits. */
export function pyYamlFloat(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-4;
  const [mantissa, exponent] = (small ? value.toExponential() : String(value)).split("e");
  const point = mantissa.includes(".") ? mantissa : `${mantissa}.0`;
  if (exponent === undefined) return point;
  return `${point}e${exponent.startsWith("-") ? "-" : "+"}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}

/** The whole configuration as YAML, every field with its unit; `parseConfig` reads it back unchanged, PyYAML the same values. */
export function writeConfig(config: Config): string {
  const lines = [`preset: ${config.preset}`];
  let section: readonly string[] = [];
  for (const [path, field] of FIELDS) {
    const keys = path.split(".");
    const parents = keys.slice(0, -1);
    for (const [depth, key] of parents.entries()) {
      if (section[depth] !== key) lines.push(`${"  ".repeat(depth)}${key}:`);
    }
    section = parents;
    const entry = `${"  ".repeat(parents.length)}${keys[keys.length - 1]}: ${textOf(field, valueAt(config, path))}`;
    lines.push(`${entry}  # ${field.note}`);
  }
  lines.push(`quirks: [${config.quirks.join(", ")}]`);
  return `${lines.join("\n")}\n`;
}

function textOf(field: Field, value: unknown): string {
  if (value === undefined) return "null";
  if (field.kind === "number") return pyYamlFloat(value as number);
  if (field.kind === "wholes") return `[${(value as readonly number[]).join(", ")}]`;
  return field.kind === "choice" ? JSON.stringify(value) : String(value);
}
