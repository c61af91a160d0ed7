import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { costOfYaml } from "../data/yaml-cost";
import { ConfigError } from "./types";

/** A scalar as it stands in the file. */
export interface YamlScalar {
  readonly value: unknown;
  readonly source: string;
  readonly line: number;
}

export type YamlNode =
  | ({ readonly kind: "scalar" } & YamlScalar)
  | { readonly kind: "list"; readonly line: number; readonly items: readonly YamlNode[] }
  | { readonly kind: "map"; readonly line: number; readonly entries: readonly YamlEntry[] };

export interface YamlEntry {
  readonly key: string;
  readonly line: number;
  readonly node: YamlNode;
}

/**
 * Reads a small, plain YAML 1.2 document whose root is a map. Throws ConfigError for anything else: over 64 KiB, deep
 * nesting, thousands of keys, tags, anchors, keys given twice, whatever the parser even warns of.
 */
export function readYamlMap(text: string): Extract<YamlNode, { kind: "map" }> {
  const cost = costOfYaml(text);
  if (cost !== undefined) throw new ConfigError([cost]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.2", schema: "core", uniqueKeys: true });
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0)
    throw new ConfigError(complaints.map((each) => each.message.split("\n")[0].replace(/:$/, "")));
  const lineOf = (node: unknown): number => lines.linePos((node as { range?: number[] } | null)?.range?.[0] ?? 0).line;

  const convert = (node: unknown, at: number): YamlNode => {
    const line = node === null ? at : lineOf(node);
    const marks = node as { anchor?: string; tag?: string } | null;
    if (marks?.anchor !== undefined || marks?.tag !== undefined)
      throw new ConfigError([`line ${line}: anchors and tags are not used here`]);
    if (isMap(node)) return { kind: "map", line, entries: node.items.map((pair) => entryOf(pair.key, pair.value)) };
    if (isSeq(node)) return { kind: "list", line, items: node.items.map((item) => convert(item, line)) };
    if (node === null) return { kind: "scalar", line, value: null, source: "" };
    if (isScalar(node)) return { kind: "scalar", line, value: node.value, source: node.source ?? String(node.value) };
    throw new ConfigError([`line ${line}: aliases are not used here`]);
  };
  const entryOf = (key: unknown, value: unknown): YamlEntry => {
    const line = lineOf(key);
    if (!isScalar(key) || typeof key.value !== "string") throw new ConfigError([`line ${line}: a key is not a word`]);
    return { key: key.value, line, node: convert(value, line) };
  };
  const root = convert(document.contents, 1);
  if (root.kind !== "map") throw new ConfigError(["the file holds no map of sections such as model: and optim:"]);
  return root;
}
