import { assemble, finish, type ParsedConfig } from "./assemble";
import { FIELDS } from "./fields";
import { nearest } from "./nearest";
import { convertOriginal, isOriginal } from "./original";
import { PRESET_NAMES, PRESETS } from "./presets";
import { type Config, ConfigError, type PresetName } from "./types";
import { readValue } from "./values";
import { readYamlMap, type YamlEntry, type YamlNode } from "./yaml";

const SECTIONS = new Set([...FIELDS.keys()].map((path) => path.slice(0, path.lastIndexOf("."))));

/**
 * Reads a configuration: Handloom's own, in which `preset` fills what is left out, or the original's config.yaml, which is
 * converted. `quirks` are put in force beside those of the file. Throws ConfigError with a sentence for each problem: an
 * unknown key (its line and the nearest key), a value of the wrong kind or range, a combination that cannot run.
 */
export function parseConfig(text: string, options: { readonly quirks?: readonly string[] } = {}): ParsedConfig {
  const root = readYamlMap(text);
  const quirks = options.quirks ?? [];
  return isOriginal(root) ? convertOriginal(root, quirks) : readOwn(root.entries, quirks);
}

function readOwn(entries: readonly YamlEntry[], extraQuirks: readonly string[]): ParsedConfig {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values = new Map<string, unknown>();
  const quirks = [...extraQuirks];
  let preset: PresetName = "tiny";
  let hasPreset = false;

  const walk = (list: readonly YamlEntry[], section: string): void => {
    for (const { key, line, node } of list) {
      const path = section === "" ? key : `${section}.${key}`;
      const field = FIELDS.get(path);
      if (field) {
        const read = readValue(field, path, node);
        if (read.problem !== undefined) problems.push(`line ${line}: ${read.problem}`);
        else values.set(path, read.value);
        if (read.warning !== undefined) warnings.push(`line ${line}: ${read.warning}`);
      } else if (SECTIONS.has(path)) {
        if (node.kind === "map") walk(node.entries, path);
        else problems.push(`line ${line}: ${path} holds no keys; leave it out or give it some`);
      } else if (path === "preset") {
        hasPreset = true;
        const name = node.kind === "scalar" ? String(node.value) : "";
        if (Object.hasOwn(PRESETS, name)) preset = name as PresetName;
        else problems.push(`line ${line}: preset is "${name}", expected ${PRESET_NAMES.join(", ")}`);
      } else if (path === "quirks") quirks.push(...readNames(node, line, problems));
      else problems.push(`line ${line}: ${unknownKey(section, key)}`);
    }
  };
  walk(entries, "");
  if (!hasPreset) problems.push(`the file has no "preset:", expected one of ${PRESET_NAMES.join(", ")}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return finish(assemble(PRESETS[preset](), values), quirks, warnings);
}

/** Applies `key=value` settings in order; a key is a path ("optim.lr") or its last word where that is unique ("lr"). */
export function applySettings(config: Config, settings: readonly string[]): ParsedConfig {
  const problems: string[] = [];
  const warnings: string[] = [];
  const values = new Map<string, unknown>();
  let quirks: readonly string[] = config.quirks;
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    if (equals < 1) {
      problems.push(`--set ${setting}: expected key=value`);
      continue;
    }
    const key = setting.slice(0, equals).trim();
    const text = setting.slice(equals + 1).trim();
    if (key === "quirks") {
      quirks = splitNames(text);
      continue;
    }
    const matching = [...FIELDS.keys()].filter((path) => path === key || path.endsWith(`.${key}`));
    if (matching.length !== 1) {
      const reason =
        matching.length > 1
          ? `is one of ${matching.join(", ")}`
          : `is not a key; did you mean "${nearest(key, [...FIELDS.keys(), ...[...FIELDS.keys()].map(lastWord)])}"?`;
      problems.push(`--set ${setting}: "${key}" ${reason}`);
      continue;
    }
    const [path] = matching;
    const read = readValue(FIELDS.get(path)!, path, readYamlMap(`value: ${text}`).entries[0].node);
    if (read.problem !== undefined) problems.push(`--set ${setting}: ${read.problem}`);
    else values.set(path, read.value);
    if (read.warning !== undefined) warnings.push(`--set ${setting}: ${read.warning}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return finish(assemble(config, values), quirks, warnings);
}

/** "a, b" or "[a, b]" to names. */
export const splitNames = (text: string): string[] =>
  text
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

const lastWord = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

function unknownKey(section: string, key: string): string {
  const prefix = section === "" ? "" : `${section}.`;
  const siblings = [...FIELDS.keys(), ...SECTIONS, ...(section === "" ? ["preset", "quirks"] : [])]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((name) => !name.includes("."));
  return `${section === "" ? "the file" : section} has no key "${key}"; did you mean "${nearest(key, siblings)}"?`;
}

function readNames(node: YamlNode, line: number, problems: string[]): string[] {
  if (node.kind === "list" && node.items.every((item) => item.kind === "scalar"))
    return node.items.map((item) => (item.kind === "scalar" ? item.source : ""));
  if (node.kind === "scalar") return node.value === null ? [] : splitNames(String(node.value));
  problems.push(`line ${line}: quirks is a map, expected a list of names`);
  return [];
}
