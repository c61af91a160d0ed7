import { complaint, type Field } from "./fields";
import type { YamlNode, YamlScalar } from "./yaml";

export interface ReadValue {
  readonly value?: unknown;
  readonly problem?: string;
  readonly warning?: string;
}

/** A node as the field wants it, or why not. */
export function readValue(field: Field, path: string, node: YamlNode): ReadValue {
  if (node.kind === "map") return { problem: `${path} is a map, expected a value` };
  if (node.kind === "list") {
    const value = node.items.map((item) => (item.kind === "scalar" ? item.value : undefined));
    const text = complaint(field, value);
    return text === undefined ? { value } : { problem: `${path} ${text}` };
  }
  const isNumeric = field.kind === "number" || field.kind === "whole";
  const { value, warning, problem } = isNumeric ? readNumber(path, node) : { value: node.value };
  if (problem !== undefined) return { problem };
  const wanted = value === null ? undefined : value;
  const text = complaint(field, wanted);
  return text === undefined
    ? { value: wanted, warning }
    : { problem: `${path} ${text.replace("is undefined", "is null")}` };
}

const NUMBER = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
// yaml/resolver.py: a float needs a point, and its exponent a sign.
const PYYAML_NUMBER = /^[-+]?(?:[0-9]+|[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|\.[0-9]+(?:[eE][-+][0-9]+)?)$/;

/** A number, also where PyYAML sees text. Throws never. */
export function readNumber(path: string, { value, source }: YamlScalar): ReadValue {
  const text = source.trim();
  if (/^[-+]?0[0-9]/.test(text))
    return { problem: `${path} is ${text}, which YAML 1.1 reads as octal; write it without the 0` };
  if (typeof value === "number" && (PYYAML_NUMBER.test(text) || !NUMBER.test(text))) return { value };
  if (typeof value !== "number" && (typeof value !== "string" || !NUMBER.test(value))) return { value };
  const number = Number(value);
  const why = typeof value === "number" ? `${text}, which PyYAML reads as text` : `the text "${value}"`;
  return { value: number, warning: `${path} is ${why}; it is taken as the number ${number}` };
}
