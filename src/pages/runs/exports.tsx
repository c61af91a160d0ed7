import { useSignal } from "@preact/signals";
import { useStore } from "../context";
import { messageOf } from "../store";
import { download, EXPORTS, type ExportKind, makeDownload } from "../train/exports";

/** Files that are read alone, so that no weights are read for a table. */
const ALONE: Partial<Record<ExportKind, readonly string[]>> = {
  metrics: ["metrics.jsonl"],
  csv: ["metrics.jsonl"],
  config: ["config.yaml"],
};

/** Downloads of a run. */
export function RunExports({ run }: { readonly run: string | undefined }) {
  const store = useStore();
  const busy = useSignal<ExportKind | undefined>(undefined);
  const save = async (kind: ExportKind) => {
    if (run === undefined || busy.value !== undefined) return;
    busy.value = kind;
    try {
      const paths = ALONE[kind];
      const files = await (paths === undefined ? store.files(run) : store.rank.readFiles(run, paths));
      const { name, blob } = await makeDownload(kind, run, files);
      download(name, blob);
    } catch (error) {
      store.addProblem(messageOf(error));
    }
    busy.value = undefined;
  };
  return (
    <fieldset class="exports" disabled={run === undefined}>
      <legend>Download</legend>
      {EXPORTS.map(({ kind, label, hint }) => (
        <button
          key={kind}
          type="button"
          class="small"
          title={hint}
          aria-busy={busy.value === kind}
          onClick={() => save(kind)}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}
