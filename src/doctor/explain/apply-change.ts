import { applySettings, type Config, writeConfig } from "../../config";
import type { ConfigChange } from "../finding";

export interface AppliedChange {
  readonly config: Config;
  /** What differs: "without quirk bgr, data.splitBy=recording". */
  readonly said: string;
}

/**
 * A copy of `config` with a finding's remedy; undefined where it changes nothing, as when the fault lies in the data and not in
 * the configuration. Throws ConfigError where the changed configuration is none.
 */
export function applyChange(config: Config, { set = {}, withoutQuirks = [] }: ConfigChange): AppliedChange | undefined {
  const removed = config.quirks.filter((quirk) => withoutQuirks.includes(quirk));
  const said = removed.map((quirk) => `without quirk ${quirk}`);
  let changed: Config = { ...config, quirks: config.quirks.filter((quirk) => !withoutQuirks.includes(quirk)) };
  for (const [key, value] of Object.entries(set)) {
    const next = applySettings(changed, [`${key}=${value}`]).config;
    if (writeConfig(next) === writeConfig(changed)) continue;
    changed = next;
    said.push(`${key}=${value}`);
  }
  return said.length === 0 ? undefined : { config: changed, said: said.join(", ") };
}
