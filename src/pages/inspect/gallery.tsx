/** The worst samples of the last evaluation in small, below the charts of the training page. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "../styles/inspect-grid.css";
import { readScores } from "../../train/inspect/scores";
import type { QuickPrediction, SampleScoresTable, Thumbnail } from "../../train/inspect/types";
import { useStore } from "../context";
import { count, plural } from "../format";
import { messageOf, type Store } from "../store";
import { sampleAddress } from "./address";
import { paintTile, written } from "./grid-paint";
import { NO_FILTERS, passing, sortedPlaces } from "./grid-select";
import { type GridTable, tableOfIds, withScores } from "./grid-table";
import { Painting } from "./paint";

/** Samples that are shown. */
const WORST = 24;
/** Pictures of one question: the first are there soon. */
const BATCH = 8;
const SIDE = 112;
/** The file is written shortly after the evaluation is told: so often it is looked at again, after so long. */
const AGAIN = 8;
const AGAIN_MS = 250;
const SORT = { by: "mpjpe_mm", isDescending: true };

interface Scored {
  readonly ids: readonly string[];
  readonly table: SampleScoresTable;
  /** Why these are not what the run has stored. */
  readonly note: string | undefined;
}

interface Shown {
  readonly table: GridTable;
  readonly note: string | undefined;
  readonly places: readonly number[];
  readonly thumbnails: ReadonlyMap<number, Thumbnail>;
  readonly predictions: ReadonlyMap<number, QuickPrediction>;
}

/** Samples of the validation split by falling MPJPE, with what the network says of them by now. */
export function Gallery() {
  const store = useStore();
  store.tick.value;
  const shown = useSignal<Shown | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const step = store.history.lastEvaluation?.step;
  const run = store.hasPlan.value ? store.run.value?.name : undefined;
  useEffect(() => {
    let isOver = false;
    problem.value = undefined;
    if (run === undefined || step === undefined) {
      shown.value = undefined;
      return;
    }
    const show = (next: Shown): boolean => {
      if (!isOver) shown.value = next;
      return !isOver;
    };
    load(store, run, step, show).catch((error: unknown) => {
      if (!isOver) problem.value = `The gallery could not be filled: ${messageOf(error)}`;
    });
    return () => {
      isOver = true;
    };
  }, [run, step]);
  if (problem.value !== undefined) return <p class="empty">{problem.value}</p>;
  if (shown.value === undefined) {
    return (
      <p class="empty" role="status">
        {step === undefined
          ? "The worst validation samples are shown here after the first evaluation of a run. "
          : "Reading the scores of the last evaluation …"}
        {step === undefined && <a href="#/inspect">Samples of stored runs</a>}
      </p>
    );
  }
  return <Pictures shown={shown.value} />;
}

function Pictures({ shown: { table, note, places, thumbnails, predictions } }: { readonly shown: Shown }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached with the keys.
    <section class="gallery" tabIndex={0} aria-label="Worst validation samples">
      <p class="hint">
        The worst {count(places.length)} of {plural(table.ids.length, "sample")} by MPJPE, evaluation after step{" "}
        {count(table.step)}. Rings on dashes are true, discs predicted. <a href="#/inspect?split=val">All samples</a>
      </p>
      {note !== undefined && <p class="gallery-note">{note}</p>}
      <ol>
        {places.map((place) => {
          const [thumbnail, prediction] = [thumbnails.get(place), predictions.get(place)];
          const error = written("mpjpe_mm", table.columns.get("mpjpe_mm")?.[place]);
          return (
            <li key={place}>
              <a
                href={sampleAddress({ split: "val", index: place })}
                aria-label={`Sample ${place}, ${table.ids[place]}, MPJPE ${error}`}
                title={table.ids[place]}
              >
                <span class="gallery-picture">
                  {thumbnail !== undefined && (
                    <Painting
                      label=""
                      isHidden
                      paint={(context, width, height) =>
                        paintTile(context, width, height, thumbnail, prediction, ["truth", "predicted"], 1)
                      }
                    />
                  )}
                </span>
                <span class="num">{error}</span>
              </a>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Shows the scores at once and pictures as they come; `show` returns false when nobody looks any more. */
async function load(store: Store, run: string, step: number, show: (shown: Shown) => boolean): Promise<void> {
  const scored = await scoresOf(store, run, step);
  const table = withScores(tableOfIds("val", scored.ids), scored.ids, scored.table);
  const places = sortedPlaces(table, passing(table, NO_FILTERS), SORT).slice(0, WORST);
  const thumbnails = new Map<number, Thumbnail>();
  const predictions = new Map<number, QuickPrediction>();
  const { note } = scored;
  const shown = () => ({ table, note, places, thumbnails: new Map(thumbnails), predictions: new Map(predictions) });
  if (!show(shown())) return;
  for (let first = 0; first < places.length; first += BATCH) {
    const some = places.slice(first, first + BATCH);
    for (const each of await store.rank.thumbnails("val", some, SIDE)) thumbnails.set(each.index, each);
    if (!show(shown())) return;
  }
  for (let first = 0; first < places.length; first += BATCH) {
    for (const each of await store.rank.predict("val", places.slice(first, first + BATCH)))
      predictions.set(each.index, each);
    if (!show(shown())) return;
  }
}

/** As the run has written them, else from the rank, with a sentence on why. */
async function scoresOf(store: Store, run: string, step: number): Promise<Scored> {
  let why = `The run "${run}" keeps no scores.json in this browser`;
  try {
    for (let again = 0; again <= AGAIN; again++) {
      const [file] = await store.rank.readFiles(run, ["scores.json"]);
      if (file === undefined) break;
      const scores = readScores(file.bytes);
      // Older ones say so in the gallery.
      if (scores.table.step >= step || again === AGAIN) return { ...scores, note: undefined };
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  } catch (error) {
    why = `The scores of the run "${run}" could not be read (${messageOf(error)})`;
  }
  const { ids, scores } = await store.rank.samples("val");
  if (scores === undefined) throw new Error(`${why}, and its rank has no scores of samples yet.`);
  return { ids, table: scores, note: `${why}: these are what its rank remembers of the last evaluation.` };
}
