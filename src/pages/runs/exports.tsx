import { useSignal } from "@preact/signals";
import { useStore } from "../context";
import { messageOf } from "../store";
import { download, EXPORTS, type ExportKind, makeDownload } from "../train/exports";

/** A download that is being made. */
interface Busy {
  readonly kind: ExportKind;
  readonly done: number;
  readonly total: number;
  readonly cancel: AbortController;
}

/** Downloads of a run. */
export function RunExports({ run }: { readonly run: string | undefined }) {
  const store = useStore();
  const busy = useSignal<Busy | undefined>(undefined);
  const save = async (kind: ExportKind) => {
    if (run === undefined || busy.value !== undefined) return;
    const cancel = new AbortController();
    const { signal } = cancel;
    const say = (done: number, total: number) => {
      busy.value = { kind, done, total, cancel };
    };
    const read = async (path: string) => {
      const [file] = await store.rank.readFiles(run, [path]);
      if (file === undefined) throw new Error(`The run "${run}" has lost "${path}" meanwhile; download it again.`);
      return file.bytes;
    };
    say(0, 1);
    try {
      const { name, blob } = await makeDownload(kind, run, await store.rank.paths(run), read, {
        onProgress: say,
        signal,
      });
      download(name, blob);
    } catch (error) {
      if (!signal.aborted) store.addProblem(messageOf(error));
    }
    busy.value = undefined;
  };
  const at = busy.value;
  return (
    <fieldset class="exports" disabled={run === undefined}>
      <legend>
        Download
        <span class="exports-says num" role="status">
          {at !== undefined && ` file ${Math.min(at.done + 1, at.total)} of ${at.total}`}
        </span>
      </legend>
      {EXPORTS.map(({ kind, label, hint }) => (
        <button
          key={kind}
          type="button"
          class="small"
          title={hint}
          disabled={at !== undefined && at.kind !== kind}
          aria-busy={at?.kind === kind}
          onClick={() => (at?.kind === kind ? at.cancel.abort() : save(kind))}
        >
          {at?.kind === kind ? "Cancel" : label}
        </button>
      ))}
    </fieldset>
  );
}
