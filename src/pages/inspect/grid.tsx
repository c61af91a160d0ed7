/** The table of samples: filters, a grid of thumbnails, the numbers of the one in focus. */
import { useEffect } from "preact/hooks";
import "../styles/inspect-grid.css";
import { count, fixed, plural } from "../format";
import { niceCeiling } from "../viewer/palette";
import { Segmented, Toggle } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { useIsland } from "../widgets/use-island";
import { useKeys } from "../widgets/use-keys";
import { quantile } from "./colours";
import type { GridOverlay } from "./grid-address";
import { GridFilters, ShownCount } from "./grid-filters";
import { FocusNumbers, NumbersDialog } from "./grid-numbers";
import { errorColour, figureColumn, paintTile, textOf } from "./grid-paint";
import { BY_PLACE, isFiltered } from "./grid-select";
import { type GridState, gridOf } from "./grid-state";
import { columnInfo, columnsAtHand, type GridTable } from "./grid-table";
import { TileGrid, type TilesProps } from "./grid-tiles";
import { OpenFile } from "./open-file";
import { OpenRun } from "./open-run";
import type { InspectState } from "./state";

/** Width over height of a picture, as the network sees it. */
const ASPECT = 0.75;
/** A tile without a picture, CSS pixels. */
const NUMBER_TILE = 148;

const OVERLAYS: readonly (readonly [GridOverlay, label: string, key: string])[] = [
  ["truth", "Truth", "T"],
  ["predicted", "Prediction", "P"],
  ["mesh", "Mesh", "M"],
  ["depth", "Depth", "D"],
  ["heat", "Error heat", "H"],
];

export function SampleGrid({ state }: { readonly state: InspectState }) {
  const grid = gridOf(state);
  useEffect(() => {
    state.problem.value = undefined;
    void state.store.refreshRuns();
  }, []);
  useKeys({
    ...Object.fromEntries(OVERLAYS.map(([name, , key]) => [key.toLowerCase(), () => grid.toggle(name)])),
    r: () => void grid.refresh(),
    Escape: () => grid.stop(),
  });
  const table = grid.table.value;
  return (
    <div class="sample-grid">
      <GridFilters grid={grid} />
      <div class="grid-main">
        {table !== undefined && <GridToolbar grid={grid} />}
        <Notes grid={grid} />
        {table === undefined ? <NoTable grid={grid} /> : <Tiles grid={grid} table={table} />}
        {table !== undefined && <FocusNumbers grid={grid} table={table} />}
      </div>
      {table !== undefined && <NumbersDialog grid={grid} table={table} />}
    </div>
  );
}

function GridToolbar({ grid }: { readonly grid: GridState }) {
  const { tile, overlays } = grid.view.value;
  const isLive = grid.source.value?.isLive === true;
  return (
    <section class="toolbar grid-toolbar" aria-label="Order and pictures">
      <ShownCount grid={grid} />
      <SortChoice grid={grid} />
      {isLive && (
        <>
          <div class="toggles">
            {OVERLAYS.map(([name, label, key]) => (
              <Toggle
                key={name}
                label={label}
                shortcut={key}
                isOn={overlays.includes(name)}
                onToggle={() => grid.toggle(name)}
              />
            ))}
          </div>
          <Segmented
            label="Size of the pictures"
            options={[
              { value: "96", label: "S", title: "Small" },
              { value: "128", label: "M", title: "Middle" },
              { value: "192", label: "L", title: "Large" },
            ]}
            value={String(tile)}
            onValue={(value) => grid.resize(value === "96" ? 96 : value === "128" ? 128 : 192)}
          />
          <button
            type="button"
            onClick={() => void grid.refresh()}
            title="Scores and predictions with the weights as they are by now (R)"
          >
            Predict again
          </button>
        </>
      )}
    </section>
  );
}

function SortChoice({ grid }: { readonly grid: GridState }) {
  const table = grid.table.value;
  const sort = grid.sort.value;
  if (table === undefined) return null;
  const names = columnsAtHand(table);
  // An address may name a column that this split has not.
  const all = sort.by === BY_PLACE || names.includes(sort.by) ? names : [...names, sort.by];
  const { isDescending } = sort;
  const isPlace = sort.by === BY_PLACE;
  const says = isPlace
    ? isDescending
      ? "last first"
      : "first first"
    : isDescending
      ? "largest first"
      : "smallest first";
  return (
    <label class="pick">
      Sort
      <select
        value={sort.by}
        onChange={(event) => {
          const by = event.currentTarget.value;
          // What is asked of a number is mostly its worst end.
          grid.change({ sort: { by, isDescending: by !== BY_PLACE && by !== "confidence" } });
        }}
      >
        <option value={BY_PLACE}>Sequence</option>
        {all.map((name) => (
          <option key={name} value={name}>
            {columnInfo(name).label}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="small"
        onClick={() => grid.change({ sort: { by: sort.by, isDescending: !isDescending } })}
        aria-label={`Sorted ${says}: turn round`}
      >
        <Icon name={isDescending ? "down" : "up"} />
        {says}
      </button>
    </label>
  );
}

const keptSentence = (n: number): string =>
  n === 0
    ? ""
    : `${plural(n, "sample")} with a star ${n === 1 ? "was" : "were"} kept with all stages and ${n === 1 ? "opens" : "open"} at once. `;

/** What is wrong, what is under way, and what is not here. */
function Notes({ grid }: { readonly grid: GridState }) {
  const { store } = grid.inspect;
  const problem = grid.problem.value ?? grid.inspect.problem.value;
  const progress = grid.progress.value;
  const table = grid.table.value;
  const source = grid.source.value;
  const isPartial = progress === undefined && table !== undefined && source?.isLive && table.facts < table.ids.length;
  return (
    <>
      {problem !== undefined && (
        <div class="banner" role="alert">
          <Icon name="warn" />
          <p>{problem}</p>
          <button type="button" class="small" onClick={() => void (table ? grid.refresh() : grid.load())}>
            Try again
          </button>
        </div>
      )}
      {progress !== undefined && (
        <div class="grid-progress" role="status">
          <progress aria-label="Samples read" value={progress.done} max={Math.max(1, progress.total)} />
          <span class="num">
            {progress.total === 0 ? "Reading the list of samples …" : "Reading facts of the samples: "}
            {progress.total > 0 && (
              <span aria-hidden="true">{`${count(progress.done)} of ${count(progress.total)}`}</span>
            )}
          </span>
          <button type="button" class="small" onClick={() => grid.stop()}>
            Stop
          </button>
        </div>
      )}
      {isPartial && (
        <div class="grid-progress">
          <span>
            Occlusion, confidence and modality are known of {count(table.facts)} of {plural(table.ids.length, "sample")}
            .
          </span>
          <button type="button" class="small" onClick={() => void grid.goOn()}>
            Read the rest
          </button>
        </div>
      )}
      {grid.inspect.isSample.value && (
        <p class="grid-note">
          <Icon name="info" />
          The address asks for one sample, whose stages a loaded network computes: open its run, start one on the{" "}
          <a href="#/train?panel=runs">Train page</a>, or look at numbers here.
        </p>
      )}
      {source?.isLive === false && table !== undefined && (
        <p class="grid-note">
          <Icon name="info" />
          This run is stored: its scores{table.step === undefined ? "" : ` of step ${count(table.step)}`} are here.{" "}
          {keptSentence(grid.keptPlaces().length)}
          Pictures and stages of the others need its data and a network
          {store.adapter.value.kind === "missing" && ", in a browser with WebGPU"}.
          <OpenRun state={grid.inspect} run={source.run} />
          <OpenFile state={grid.inspect} isSmall />
        </p>
      )}
      <Opening grid={grid} />
      {table !== undefined && table.split === "val" && table.step === undefined && (
        <p class="grid-note">
          <Icon name="info" />
          There are no errors yet: they come with the first evaluation, and the worst samples are then shown first.
        </p>
      )}
      {table?.split === "train" && (
        <p class="grid-note">
          <Icon name="info" />
          Training samples have no stored errors: an evaluation scores the validation split.
        </p>
      )}
    </>
  );
}

/** A run is being opened: how far it is, and the way not to wait. */
function Opening({ grid }: { readonly grid: GridState }) {
  const { store } = grid.inspect;
  const status = store.status.value;
  if (store.state.value !== "starting" && store.state.value !== "stopping") return null;
  const isCounted = status?.done !== undefined && status.total !== undefined;
  return (
    <div class="grid-progress" role="status">
      <progress
        aria-label="Opening the run"
        {...(isCounted && { value: status.done, max: Math.max(1, status.total!) })}
      />
      <span class="num">
        {status?.text ?? "Opening the run …"}
        {isCounted && ` ${count(status.done)} of ${count(status.total)}`}
      </span>
      <button type="button" class="small" disabled={store.state.value === "stopping"} onClick={() => void store.stop()}>
        Cancel
      </button>
    </div>
  );
}

function NoTable({ grid }: { readonly grid: GridState }) {
  const { store } = grid.inspect;
  if (grid.progress.value !== undefined || grid.problem.value !== undefined) return <div class="sample-tiles" />;
  return (
    <div class="empty-page">
      <h2>{store.storedRuns.value.length > 0 ? "Choose a stored run" : "Look at single samples"}</h2>
      <p>
        {store.storedRuns.value.length > 0
          ? "Its scores, splits and sequences are read from this browser's storage, which needs no GPU."
          : "Start a run on the Train page: then every sample can be followed from the frame to the gradient of its loss."}
      </p>
      <ul class="grid-runs">
        {store.storedRuns.value.slice(0, 12).map(({ name, step }) => (
          <li key={name}>
            <button type="button" onClick={() => grid.choose(grid.inspect.split.peek(), name)}>
              {name} <span class="hint">step {count(step)}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="hint">A sample that was exported as JSON needs neither a run nor a GPU:</p>
      <OpenFile state={grid.inspect} />
    </div>
  );
}

function Tiles({ grid, table }: { readonly grid: GridState; readonly table: GridTable }) {
  const places = grid.shown.value;
  if (places.length === 0) {
    return (
      <div class="empty-page">
        <h2>No sample is left</h2>
        <p>None of {plural(table.ids.length, "sample")} passes all filters.</p>
        {isFiltered(grid.view.value.filters) && (
          <button type="button" class="primary" onClick={() => grid.resetFilters()}>
            Reset filters
          </button>
        )}
      </div>
    );
  }
  return <TileIsland grid={grid} table={table} places={places} />;
}

/** End of the scale of errors, mm. */
function limitOf(table: GridTable): number {
  const values = table.columns.get("mpjpe_mm");
  return values === undefined ? 50 : niceCeiling(quantile(values, 0.98));
}

function TileIsland({
  grid,
  table,
  places,
}: {
  readonly grid: GridState;
  readonly table: GridTable;
  readonly places: readonly number[];
}) {
  const { tile, overlays } = grid.view.value;
  const sort = grid.sort.value;
  const isLive = grid.source.value?.isLive === true;
  const limit = limitOf(table);
  const column = figureColumn(table, sort);
  const marked = column?.endsWith("_mm") ? column : undefined;
  const props: TilesProps = {
    label: `${plural(places.length, "sample")} of ${count(table.ids.length)}`,
    places,
    width: isLive ? Math.round(tile * ASPECT) : NUMBER_TILE,
    pictureHeight: isLive ? tile : 0,
    focus: grid.focus.value,
    textOf: (place) => {
      const text = textOf(table, sort, place);
      return grid.isKept(place) ? { ...text, said: `, kept${text.said}` } : text;
    },
    isMarked: (place) => grid.isKept(place),
    colourOf: (place) => {
      const error = marked && table.columns.get(marked)?.[place];
      return error === undefined || error === "" || !Number.isFinite(error) ? undefined : errorColour(error, limit);
    },
    paint: (context, place, width, height) => {
      const thumbnail = grid.thumbnails.get(place);
      if (thumbnail === undefined) return false;
      const prediction = grid.needsPredictions() ? grid.predictions.get(place) : undefined;
      paintTile(context, width, height, thumbnail, prediction, overlays, limit);
      return true;
    },
    order: JSON.stringify([grid.source.value?.run, table.split, sort, grid.view.value.filters]),
    version: `${overlays.join()} ${sort.by} ${table.step} ${table.facts} ${grid.keptPlaces().join()}`,
    stampOf: (place) =>
      `${grid.thumbnails.get(place) !== undefined} ${grid.needsPredictions() && grid.predictions.get(place)?.step}`,
    pictures: grid.pictures.value,
    onWant: (wanted) => grid.want(wanted),
    onFocus: (place) => {
      grid.focus.value = place;
    },
    onOpen: (place) => grid.open(place),
  };
  const element = useIsland(() => new TileGrid(), props);
  useEffect(() => {
    // Arrows work at once, unless a person is somewhere already.
    if (document.activeElement === document.body) element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <div ref={element} class="sample-tiles" />
      {isLive && overlays.includes("heat") && (
        <p class="grid-note">
          Joints in the colours of their errors, 0 to {fixed(limit, 0)} mm; the marks beside the numbers too.
        </p>
      )}
    </>
  );
}
