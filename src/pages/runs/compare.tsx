import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { useStore } from "../context";
import { plural } from "../format";
import type { ConfigText, Setup } from "../train/setup";
import { Dialog } from "../widgets/dialog";
import { Toggle } from "../widgets/field";
import { type Difference, differences } from "./rows";

/** The configurations of the compared runs beside each other: what differs, or all. */
export function CompareDialog({ setup, onClose }: { readonly setup: Setup; readonly onClose: () => void }) {
  const { runs } = useStore();
  const isAll = useSignal(false);
  const text = useSignal<ConfigText | undefined>(undefined);
  useEffect(() => {
    void setup.load().then((loaded) => (text.value = loaded));
  }, []);
  const compared = runs.compared.value;
  const configText = text.value;
  if (configText === undefined) return null;
  const flat = compared.map(({ preset: _, configYaml, data, hand }) => {
    const said = Object.entries({ data, hand }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    return new Map([...said, ...configText.flat(configYaml)] as [string, string][]);
  });
  const different = differences(flat);
  const rows: readonly Difference[] = isAll.value
    ? [...new Set(flat.flatMap((each) => [...each.keys()]))].map((path) => ({
        path,
        values: flat.map((each) => each.get(path)),
      }))
    : different;
  return (
    <Dialog title="Configurations" onClose={onClose}>
      <div class="compare">
        <div class="compare-head">
          <p class="hint">
            {different.length === 0
              ? "These runs have the same configuration, data and hand."
              : `${plural(different.length, "entry", "entries")} of ${compared.length} runs differ.`}
          </p>
          <Toggle label="Differences only" isOn={!isAll.value} onToggle={() => (isAll.value = !isAll.value)} />
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys. */}
        <section class="compare-scroll" tabIndex={0} aria-label="Table of configurations">
          <table class="compare-table">
            <thead>
              <tr>
                <th scope="col">Entry</th>
                {compared.map(({ name }) => (
                  <th key={name} scope="col" class="compare-run" title={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ path, values }) => (
                <tr key={path}>
                  <th scope="row" class="compare-path">
                    {path}
                  </th>
                  {values.map((value, i) => (
                    <td key={compared[i].name} data-differs={value !== values[0]} title={value}>
                      {value ?? "–"}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
    </Dialog>
  );
}
