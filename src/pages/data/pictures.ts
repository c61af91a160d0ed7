/** Pictures of one data set: asked for while they are looked at, a few at a time. */
import { batch, signal } from "@preact/signals";
import type { ImportApi, SampleSet } from "../../ranks/import-api";
import type { SetTile } from "../../ranks/set-tiles";
import { Feed } from "../inspect/grid-feed";
import { messageOf } from "../store";

/** Pixels of one side: sharp on screens of two pixels a point. */
const SMALL = 256;
const LARGE = 640;
/** Of one question: some appear while the others are still read. */
const AT_ONCE = 6;
/** About 130 MB. */
const KEPT = 400;

/** One for each set that is looked at. `api` reads or renders. */
export class SetPictures {
  /** Grows when a picture has come. */
  readonly version = signal(0);
  /** Pictures that are looked at and have not come. */
  readonly missing = signal(0);
  /** The person stopped the reading. */
  readonly isStopped = signal(false);
  /** Why nothing more can be read, in a sentence. */
  readonly problem = signal<string | undefined>(undefined);
  /** The place that is shown large, and the sample once it has come. */
  readonly chosen = signal<number | undefined>(undefined);
  readonly large = signal<SetTile | undefined>(undefined);
  readonly #feed: Feed<SetTile>;
  #wanted: readonly number[] = [];

  constructor(
    private readonly api: Pick<ImportApi, "tiles">,
    private readonly set: SampleSet,
  ) {
    this.#feed = new Feed<SetTile>({
      ask: (places) => api.tiles(set, places, SMALL),
      batch: AT_ONCE,
      keep: KEPT,
      onValues: () => this.#count(),
      onError: (error) => {
        this.problem.value = messageOf(error);
      },
    });
  }

  /** undefined until it has come. */
  get(place: number): SetTile | undefined {
    return this.#feed.get(place);
  }

  /** These are on the screen, the most urgent first. */
  want(places: readonly number[]): void {
    this.#wanted = places;
    if (!this.isStopped.peek()) this.#feed.want(places);
    this.#count();
  }

  /** Reads nothing more until `goOn`. */
  stop(): void {
    this.isStopped.value = true;
    this.#feed.want([]);
  }

  /** Reads on after `stop` or a problem. */
  goOn(): void {
    if (this.problem.peek() !== undefined) this.#feed.clear();
    batch(() => {
      this.isStopped.value = false;
      this.problem.value = undefined;
      this.version.value++;
    });
    this.want(this.#wanted);
  }

  /** Shows one sample large: first as small as it is here, then as it comes. undefined shows none. */
  async enlarge(place: number | undefined): Promise<void> {
    batch(() => {
      this.chosen.value = place;
      this.large.value = place === undefined ? undefined : this.get(place);
    });
    if (place === undefined) return;
    let tile: SetTile;
    try {
      [tile] = await this.api.tiles(this.set, [place], LARGE);
    } catch (error) {
      tile = { kind: "unread", index: place, id: `sample ${place}`, problem: messageOf(error) };
    }
    if (this.chosen.peek() === place) this.large.value = tile;
  }

  #count(): void {
    batch(() => {
      this.missing.value = this.#wanted.filter((place) => this.get(place) === undefined).length;
      this.version.value++;
    });
  }
}
