/** The configuration of a run: its types, presets, quirks, checks, and reading and writing it as YAML. */
export { FIELDS } from "./config/fields";
export { microBatchesOf } from "./config/micro-batches";
export { applySettings, parseConfig, splitNames } from "./config/parse";
export { PRESET_NAMES, PRESETS, tiny } from "./config/presets";
export { ORIGINAL_QUIRKS, QUIRK_NAMES } from "./config/quirks";
export { type Config, ConfigError, type PresetName } from "./config/types";
export { validate } from "./config/validate";
export { pyYamlFloat, writeConfig } from "./config/write";
