/** The configuration of a run: its types, presets, quirks, checks, and reading and writing it as YAML. */
export { FIELDS, type Field } from "./config/fields";
export { applySettings, parseConfig, splitNames } from "./config/parse";
export { PRESET_NAMES, PRESETS, tiny } from "./config/presets";
export { expandQuirks, ORIGINAL_QUIRKS, QUIRK_NAMES, QUIRKS, type QuirkName } from "./config/quirks";
export {
  type Config,
  ConfigError,
  type DataConfig,
  type LossConfig,
  type ModelConfig,
  type OptimConfig,
  type PresetName,
  type RunConfig,
} from "./config/types";
export { validate } from "./config/validate";
export { pyYamlFloat, writeConfig } from "./config/write";
