/** The stored runs as a table: what each reached, which are drawn, and what can be done with one. */
import { useEffect } from "preact/hooks";
import type { Score } from "../../ranks/run-summary";
import { useStore } from "../context";
import { count, duration, fixed, plural } from "../format";
import { isNoneOf } from "../train/dropped";
import type { Setup } from "../train/setup";
import { useFileInput } from "../widgets/file-input";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import { CompareDialog } from "./compare";
import { RunDetail } from "./detail";
import type { RunRow, SortKey } from "./rows";

const WHEN = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly title: string;
  readonly isNumber?: boolean;
  /** Left out where there is little room. */
  readonly isWide?: boolean;
  readonly cell: (row: RunRow) => string;
}

const score = (value: Score | undefined): string => fixed(value?.mm, 1);

const COLUMNS: readonly Column[] = [
  { key: "preset", label: "Preset", title: "Preset of the model", cell: ({ summary }) => summary?.preset ?? "–" },
  {
    key: "data",
    label: "Data",
    title: "What it was trained on",
    isWide: true,
    cell: ({ summary }) => summary?.data ?? "–",
  },
  {
    key: "steps",
    label: "Steps",
    title: "Steps that were made",
    isNumber: true,
    cell: ({ run, summary }) => count(summary?.steps ?? run.step),
  },
  {
    key: "bestMpjpe",
    label: "MPJPE",
    title: "Best MPJPE, mm",
    isNumber: true,
    cell: ({ summary }) => score(summary?.bestMpjpe),
  },
  {
    key: "bestPa",
    label: "PA",
    title: "Best PA-MPJPE, mm",
    isNumber: true,
    cell: ({ summary }) => score(summary?.bestPa),
  },
  {
    key: "lastPa",
    label: "Last PA",
    title: "PA-MPJPE of the last evaluation, mm",
    isNumber: true,
    cell: ({ summary }) => score(summary?.lastPa),
  },
  {
    key: "seconds",
    label: "Time",
    title: "Spent in steps and evaluations",
    isNumber: true,
    cell: ({ summary }) => duration(summary?.seconds),
  },
  {
    key: "ranks",
    label: "Ranks",
    title: "Ranks of the last step",
    isNumber: true,
    cell: ({ summary }) => count(summary?.ranks),
  },
  {
    key: "findings",
    label: "Findings",
    title: "What the doctor found, notes left out",
    isNumber: true,
    cell: ({ summary }) => (summary?.findings === undefined ? "–" : String(summary.findings)),
  },
  { key: "savedAt", label: "Saved", title: "Last written", isWide: true, cell: ({ run }) => WHEN.format(run.savedAt) },
];

export function RunsPanel({ setup }: { readonly setup: Setup }) {
  const store = useStore();
  const { runs } = store;
  const stored = store.storedRuns.value;
  useEffect(() => {
    void store.refreshRuns();
  }, []);
  useEffect(() => {
    void runs.readSummaries();
  }, [stored]);
  const take = (file: File | undefined) => {
    if (file !== undefined) void runs.importZip(file);
  };
  const { isOver, handlers } = useDrop((transfer) => take(transfer.files[0]), isNoneOf(["config", "hand", "folder"]));
  const rows = runs.rows.value;
  const chosen = rows.find(({ run }) => run.name === runs.chosen.value);
  return (
    <div class="runs-panel" data-over={isOver} {...handlers}>
      <div class="runs-list">
        <RunsToolbar onFile={take} />
        <RunsTable rows={rows} />
      </div>
      <RunDetail row={chosen} setup={setup} />
      {runs.isComparing.value && <CompareDialog setup={setup} onClose={() => (runs.isComparing.value = false)} />}
    </div>
  );
}

function RunsToolbar({ onFile }: { readonly onFile: (file: File | undefined) => void }) {
  const store = useStore();
  const { runs } = store;
  const input = useFileInput("Zip of a run", ([file]) => onFile(file), { accept: ".zip" });
  const total = store.storedRuns.value.length;
  const shown = runs.rows.value.length;
  const importing = runs.importing.value;
  const compared = runs.compared.value.length;
  return (
    <div class="runs-toolbar">
      <input
        aria-label="Filter runs"
        placeholder="Filter by name, data, #tag"
        value={runs.filter.value}
        onInput={(event) => (runs.filter.value = event.currentTarget.value)}
      />
      <span class="hint num" aria-live="polite">
        {importing !== undefined
          ? importing[1] === 0
            ? "opening the zip"
            : `checking ${importing[0]} of ${importing[1]} files`
          : shown === total
            ? plural(total, "run")
            : `${shown} of ${plural(total, "run")}`}
      </span>
      <button
        type="button"
        class="small"
        disabled={compared < 2}
        title="Only the entries that differ, of the runs that are drawn or chosen"
        onClick={() => (runs.isComparing.value = true)}
      >
        Compare {compared < 2 ? "" : compared} configurations
      </button>
      {importing === undefined ? (
        <button
          type="button"
          class="small"
          title="Take in a run that was downloaded as a zip, or drop it on this page"
          onClick={() => input.open()}
        >
          Import a run
        </button>
      ) : (
        <button type="button" class="small" onClick={() => runs.cancelImport()}>
          Cancel the import
        </button>
      )}
      {input.element}
    </div>
  );
}

function RunsTable({ rows }: { readonly rows: readonly RunRow[] }) {
  const { runs, storedRuns } = useStore();
  const { key, isDown } = runs.sort.value;
  if (storedRuns.value.length === 0)
    return (
      <p class="empty">A run is listed here once it is stopped, paused or finished; drop a downloaded one here.</p>
    );
  const header = (of: SortKey, label: string, title: string, isNumber = false, isWide = false) => (
    <th
      key={of}
      scope="col"
      class={[isNumber ? "num" : "", isWide ? "wide" : ""].join(" ")}
      aria-sort={key === of ? (isDown ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        title={title}
        onClick={() =>
          (runs.sort.value = { key: of, isDown: key === of ? !isDown : of === "savedAt" || of === "steps" })
        }
      >
        {label}
        {key === of && <Icon name={isDown ? "down" : "up"} />}
      </button>
    </th>
  );
  return (
    <div class="runs-scroll">
      <table class="run-table">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr-only">Drawn</span>
            </th>
            {header("name", "Run", "Name and tags")}
            {COLUMNS.map((column) => header(column.key, column.label, column.title, column.isNumber, column.isWide))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.run.name} row={row} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="hint">No run has all of these words.</p>}
    </div>
  );
}

function Row({ row }: { readonly row: RunRow }) {
  const { runs, view } = useStore();
  const { run, summary } = row;
  const { name } = run;
  const isOwn = runs.isOwn(name);
  const isDrawn = isOwn || view.overlays.value.includes(name);
  const colour = isDrawn ? runs.colourOf(name) : undefined;
  return (
    <tr data-chosen={runs.chosen.value === name}>
      <td>
        <input
          type="checkbox"
          aria-label={`Draw ${name}`}
          title={isOwn ? "The run at hand is drawn anyway" : "Draw its curves with the others"}
          checked={isDrawn}
          disabled={isOwn || run.lost !== undefined}
          style={colour === undefined ? {} : { accentColor: `var(${colour})` }}
          onChange={() => runs.toggle(name)}
        />
      </td>
      <th scope="row" class="run-cell">
        <button type="button" class="run-open" title={name} onClick={() => (runs.chosen.value = name)}>
          {name}
        </button>
        {(summary?.notes.tags ?? []).map((tag) => (
          <button
            key={tag}
            type="button"
            class="tag"
            title={`Only runs with the tag ${tag}`}
            onClick={() => (runs.filter.value = `#${tag}`)}
          >
            {tag}
          </button>
        ))}
      </th>
      {COLUMNS.map(({ key, isNumber, isWide, cell }) => (
        <td key={key} class={[isNumber ? "num" : "", isWide ? "wide" : ""].join(" ")} title={titleOf(key, row)}>
          {cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** What a figure is of. */
function titleOf(key: SortKey, { summary }: RunRow): string | undefined {
  if (key === "data") return summary?.data;
  const value = key === "bestMpjpe" || key === "bestPa" || key === "lastPa" ? summary?.[key] : undefined;
  return value && `${value.mm.toFixed(2)} mm at step ${value.step}, n = ${value.n}`;
}
