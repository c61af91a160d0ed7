/** The column beside the grid: run, split, modality, histograms, sequences. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { count } from "../format";
import { Segmented } from "../widgets/field";
import { RangeHistogram } from "./grid-histogram";
import { type Filters, isFiltered, type ModalityFilter, passing, sequenceCounts } from "./grid-select";
import type { GridState } from "./grid-state";
import { columnsAtHand, type GridTable, HISTOGRAM_NAMES } from "./grid-table";

export function GridFilters({ grid }: { readonly grid: GridState }) {
  const table = grid.table.value;
  const { filters } = grid.view.value;
  return (
    <section class="grid-filters" aria-label="Filters">
      <RunChoice grid={grid} />
      <Segmented
        label="Split"
        isLabelShown
        options={[
          { value: "val", label: "Validation" },
          { value: "train", label: "Training" },
        ]}
        value={grid.inspect.split.value}
        onValue={(split) => grid.choose(split)}
      />
      {table !== undefined && (
        <>
          {table.facts > 0 && <ModalityChoice grid={grid} table={table} filters={filters} />}
          <Histograms grid={grid} table={table} filters={filters} />
          <SequenceList grid={grid} table={table} filters={filters} />
        </>
      )}
    </section>
  );
}

interface PartProps {
  readonly grid: GridState;
  readonly table: GridTable;
  readonly filters: Filters;
}

/** The run of this tab and those that are stored. */
function RunChoice({ grid }: { readonly grid: GridState }) {
  const { store } = grid.inspect;
  const own = store.hasPlan.value ? store.run.value?.name : undefined;
  const leaving = store.leaving.value;
  const stored = store.storedRuns.value
    .map(({ name }) => name)
    .filter((name) => name !== own && !leaving.includes(name));
  const chosen = grid.source.value?.run ?? "";
  if (stored.length === 0) return null;
  return (
    <label class="grid-run">
      Run
      <select
        value={chosen}
        onChange={(event) => {
          const { value } = event.currentTarget;
          grid.choose(grid.inspect.split.peek(), value === own || value === "" ? undefined : value);
        }}
      >
        {chosen === "" && <option value="">Choose a stored run</option>}
        {own !== undefined && <option value={own}>{own} (this tab)</option>}
        {stored.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function ModalityChoice({ grid, table, filters }: PartProps) {
  const [all, rgb, rgbd] = useMemo(() => {
    const mask = passing(table, filters, "modality");
    const counts = [0, 0, 0];
    mask.forEach((passes, i) => {
      counts[0] += passes;
      if (passes === 1 && table.modality[i] > 0) counts[table.modality[i]]++;
    });
    return counts;
  }, [table, filters]);
  return (
    <Segmented<ModalityFilter>
      label="Modality"
      isLabelShown
      options={[
        { value: "all", label: `All ${count(all)}` },
        { value: "rgb", label: `RGB ${count(rgb)}` },
        { value: "rgbd", label: `RGB-D ${count(rgbd)}` },
      ]}
      value={filters.modality}
      onValue={(modality) => grid.filter({ modality })}
    />
  );
}

function Histograms({ grid, table, filters }: PartProps) {
  const names = columnsAtHand(table).filter((name) => HISTOGRAM_NAMES.includes(name) || name in filters.ranges);
  return (
    <>
      {names.map((name) => (
        <Ranged key={name} name={name} grid={grid} table={table} filters={filters} />
      ))}
    </>
  );
}

function Ranged({ name, grid, table, filters }: PartProps & { readonly name: string }) {
  const mask = useMemo(() => passing(table, filters, name), [table, filters, name]);
  return (
    <RangeHistogram
      column={name}
      values={table.columns.get(name)!}
      mask={mask}
      range={filters.ranges[name]}
      onRange={(range) => grid.setRange(name, range)}
    />
  );
}

/** More names than this are found by searching. */
const MOST_NAMES = 200;

function SequenceList({ grid, table, filters }: PartProps) {
  const search = useSignal("");
  const counts = useMemo(() => sequenceCounts(table, passing(table, filters, "sequences")), [table, filters]);
  const text = search.value.trim().toLowerCase();
  const names = table.sequences.flatMap((name, i) =>
    name.toLowerCase().includes(text) ? [{ name, n: counts[i] }] : [],
  );
  const { sequences } = filters;
  return (
    <fieldset class="grid-sequences">
      <legend>
        Sequences <span class="num dim">{count(table.sequences.length)}</span>
      </legend>
      {table.sequences.length > 6 && (
        <input
          aria-label="Search sequences"
          placeholder="Search"
          autocomplete="off"
          spellcheck={false}
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached with the keys. */}
      <ul tabIndex={0} aria-label="Sequences and their samples">
        {names.slice(0, MOST_NAMES).map(({ name, n }) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={sequences.includes(name)}
                onChange={() => {
                  const others = sequences.filter((each) => each !== name);
                  grid.filter({ sequences: others.length < sequences.length ? others : [...sequences, name] });
                }}
              />
              <span class="sequence-name" title={name}>
                {name}
              </span>
              <span class="num dim">{count(n)}</span>
            </label>
          </li>
        ))}
      </ul>
      {names.length > MOST_NAMES && (
        <p class="hint">{count(names.length - MOST_NAMES)} more: search for their names.</p>
      )}
      {names.length === 0 && <p class="hint">No sequence is called so.</p>}
      {sequences.length > 0 && (
        <button type="button" class="small" onClick={() => grid.filter({ sequences: [] })}>
          All sequences
        </button>
      )}
    </fieldset>
  );
}

/** "37 of 306 samples", and the way back to all of them. */
export function ShownCount({ grid }: { readonly grid: GridState }) {
  const table = grid.table.value;
  if (table === undefined) return null;
  return (
    <span class="grid-count">
      <strong class="num" role="status">
        {count(grid.shown.value.length)} of {count(table.ids.length)} samples
      </strong>
      {isFiltered(grid.view.value.filters) && (
        <button type="button" class="small" onClick={() => grid.resetFilters()}>
          Reset filters
        </button>
      )}
    </span>
  );
}
