/** The configuration as the YAML text that a person edits; comes with its own chunk, as it brings a YAML parser. */
import { isMap, isScalar, parseDocument } from "yaml";
import { ConfigError, PRESET_NAMES, PRESETS, type PresetName, parseConfig, writeConfig } from "../../config";
import { pyYamlFloat } from "../../config/write";
import { costOfYaml } from "../../data/yaml-cost";
import { applyChange } from "../../doctor/explain/apply-change";
import { differences } from "../runs/rows";
import type { ConfigField, ConfigReading, ConfigText } from "./setup";

const PATHS: Record<ConfigField, readonly [string, string]> = {
  steps: ["run", "steps"],
  batch: ["optim", "batch"],
  learningRate: ["optim", "lr"],
  seed: ["run", "seed"],
  warmupSteps: ["optim", "warmupSteps"],
  evaluateEvery: ["run", "evaluateEvery"],
  checkpointEvery: ["run", "checkpointEvery"],
  sampleEvery: ["run", "sampleEvery"],
};

const SUMMARIES: Record<PresetName, string> = {
  tiny: "128 × 96, about 1 M parameters: any adapter",
  small: "256 × 192, 22 M and heads: a laptop",
  base: "256 × 192, 86 M and heads: a desktop GPU",
  huge: "256 × 192, 647 M: a large GPU",
};

function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name);
}

function flatten(value: unknown, path: string, flat: Map<string, string>): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [name, each] of Object.entries(value)) flatten(each, path === "" ? name : `${path}.${name}`, flat);
  } else if (path !== "") flat.set(path, typeof value === "string" ? value : JSON.stringify(value));
}

/** The one implementation. */
export const configText: ConfigText = {
  presets: PRESET_NAMES.map((name) => ({ name, summary: SUMMARIES[name] })),

  presetText(name) {
    if (!isPreset(name)) throw new Error(`The preset "${name}" is not known, expected ${PRESET_NAMES.join(", ")}.`);
    return writeConfig(PRESETS[name]());
  },

  read(text): ConfigReading {
    try {
      const { config, warnings } = parseConfig(text);
      return { config, problems: [], notes: warnings };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { config: undefined, problems: error.problems, notes: [] };
    }
  },

  get(text, field) {
    // `read` says what is wrong with such a text.
    if (costOfYaml(text) !== undefined) return undefined;
    const value = parseDocument(text).getIn(PATHS[field]);
    return typeof value === "number" ? value : undefined;
  },

  set(text, field, value) {
    if (costOfYaml(text) !== undefined) return text;
    const document = parseDocument(text);
    const written = field === "learningRate" ? pyYamlFloat(value) : String(value);
    const node = document.getIn(PATHS[field], true);
    // In place, so that the person's own comments and layout stay.
    if (isScalar(node) && node.range) return text.slice(0, node.range[0]) + written + text.slice(node.range[1]);
    const { contents, errors } = document;
    if (errors.length > 0 || !(contents === null || isMap(contents))) return text;
    const [section, key] = PATHS[field];
    if (document.has(section)) {
      if (!isMap(document.get(section))) return text;
      document.setIn(PATHS[field], value);
      return document.toString();
    }
    return `${text.trimEnd()}\n${section}:\n  ${key}: ${written}\n`;
  },

  flat(text) {
    const flat = new Map<string, string>();
    if (costOfYaml(text) === undefined) flatten(parseDocument(text).toJS(), "", flat);
    return flat;
  },

  differences(text) {
    const { config } = configText.read(text);
    if (config === undefined) return undefined;
    const [found, preset] = [writeConfig(config), writeConfig(PRESETS[config.preset]())];
    return differences([configText.flat(found), configText.flat(preset)]);
  },

  revert(text, path) {
    const { config } = configText.read(text);
    if (config === undefined || costOfYaml(text) !== undefined) return text;
    // The person's text may be written in another way than the configuration that it means.
    const document = parseDocument(writeConfig(config));
    const preset = parseDocument(writeConfig(PRESETS[config.preset]()));
    const place = path.split(".");
    if (preset.hasIn(place)) document.setIn(place, preset.getIn(place, true));
    else document.deleteIn(place);
    return document.toString();
  },

  adopt(text) {
    const { config, problems, notes } = configText.read(text);
    return { text: config && writeConfig(config), problems, notes };
  },

  change(config, change) {
    try {
      const applied = applyChange(config, change);
      return applied && { text: writeConfig(applied.config), said: applied.said };
    } catch (error) {
      // A remedy that this configuration does not allow is none.
      if (!(error instanceof ConfigError)) throw error;
      return undefined;
    }
  },
};
