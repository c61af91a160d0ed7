/** Thousands of tiles of which only the rows on the screen exist. Draws and scrolls; knows nothing of samples. */
import type { Island } from "../widgets/use-island";
import { columnsFor, movedFocus, rowsShown, scrollToShow } from "./grid-window";

/** Between tiles, CSS pixels. */
const GAP = 6;
/** More canvas pixels than this per CSS pixel are not seen at this size. */
const MOST_RATIO = 2;

export interface TilesProps {
  /** What the grid is called. */
  readonly label: string;
  /** What stands at each position: any numbers, passed to the functions below. */
  readonly places: readonly number[];
  /** CSS pixels; no picture where `pictureHeight` is 0. */
  readonly width: number;
  readonly pictureHeight: number;
  /** The place in focus. */
  readonly focus: number | undefined;
  /** Its name, its number, and what is said between the two but not shown. */
  readonly textOf: (place: number) => { readonly id: string; readonly figure: string; readonly said: string };
  /** Colour of a mark beside the figure. */
  readonly colourOf: (place: number) => string | undefined;
  /** It stands out from the others; undefined: none does. */
  readonly isMarked?: (place: number) => boolean;
  /** Draws a picture; false when it is not there yet. */
  readonly paint: (context: CanvasRenderingContext2D, place: number, width: number, height: number) => boolean;
  /** What sorts and filters; another one is looked at from its beginning. */
  readonly order: string;
  /** What all tiles depend on: a tile is painted again when it, or the tile's own stamp, is another. */
  readonly version: string;
  /** What of a tile's picture has come. */
  readonly stampOf: (place: number) => string;
  /** Grows when a stamp may be another. */
  readonly pictures: number;
  /** These are on the screen. */
  readonly onWant: (places: readonly number[]) => void;
  readonly onFocus: (place: number) => void;
  readonly onOpen: (place: number) => void;
}

interface Tile {
  readonly cell: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly id: HTMLElement;
  readonly said: HTMLElement;
  readonly mark: HTMLElement;
  readonly figure: HTMLElement;
  /** What is painted. */
  key: string;
}

interface Row {
  readonly element: HTMLElement;
  tiles: Tile[];
}

const TEXT_HEIGHT = 36;

/** The grid of ARIA's pattern, whose focus stays on its frame and names a cell by `aria-activedescendant`. */
export class TileGrid implements Island<TilesProps> {
  readonly #inner = document.createElement("div");
  readonly #rows = new Map<number, Row>();
  #spare: Row[] = [];
  #element: HTMLElement | undefined;
  #props: TilesProps | undefined;
  #columns = 1;
  #observer: ResizeObserver | undefined;
  /** CSS pixels; asking the element for it would lay the page out in each frame. */
  #height = 0;
  #focus: number | undefined;
  /** Places that keys have told `onFocus` and that have not come back as props. */
  #told: number[] = [];
  #id = `tiles-${Math.random().toString(36).slice(2, 8)}`;

  mount(element: HTMLElement): void {
    this.#element = element;
    element.setAttribute("role", "grid");
    element.tabIndex = 0;
    this.#inner.className = "sample-tiles-inner";
    this.#inner.setAttribute("role", "rowgroup");
    element.append(this.#inner);
    element.addEventListener("scroll", this.#draw, { passive: true });
    element.addEventListener("keydown", this.#onKey);
    element.addEventListener("click", this.#onClick);
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(element);
  }

  dispose(): void {
    this.#observer?.disconnect();
    this.#element?.removeEventListener("scroll", this.#draw);
    this.#element?.removeEventListener("keydown", this.#onKey);
    this.#element?.removeEventListener("click", this.#onClick);
    this.#inner.remove();
  }

  update(props: TilesProps): void {
    const old = this.#props;
    this.#props = props;
    const focusBefore = this.#focus;
    // Keys are faster than renders: what comes back of one must not undo the next.
    const echo = props.focus === undefined ? -1 : this.#told.indexOf(props.focus);
    if (echo >= 0) this.#told.splice(0, echo + 1);
    else if (old?.focus !== props.focus) [this.#focus, this.#told] = [props.focus, []];
    const isLaidOut = old?.width === props.width && old.pictureHeight === props.pictureHeight;
    const isSame =
      isLaidOut && old.places === props.places && old.version === props.version && old.pictures === props.pictures;
    if (!isLaidOut) this.#dropRows();
    if (old === undefined || !isLaidOut || old.places !== props.places) {
      this.#fit();
      if (old !== undefined && old.order !== props.order) this.#element!.scrollTop = 0;
      else if (old === undefined || !isLaidOut) this.#showFocus();
    } else {
      if (!isSame) for (const [row, { tiles }] of this.#rows) this.#fill(row, tiles);
      if (focusBefore !== this.#focus) this.#markFocus();
    }
    // What was forgotten is asked for again.
    if (!isSame) this.#tellWanted();
    this.#element!.setAttribute("aria-label", props.label);
  }

  get #rowHeight(): number {
    const { pictureHeight } = this.#props!;
    return pictureHeight + TEXT_HEIGHT + GAP;
  }

  get #rowCount(): number {
    return Math.ceil(this.#props!.places.length / this.#columns);
  }

  #dropRows(): void {
    for (const { element } of this.#rows.values()) element.remove();
    this.#rows.clear();
    this.#spare = [];
  }

  #fit(): void {
    const [element, props] = [this.#element, this.#props];
    if (element === undefined || props === undefined) return;
    this.#height = element.clientHeight;
    const columns = columnsFor(this.#inner.clientWidth, props.width, GAP);
    if (columns !== this.#columns) {
      const top = Math.floor(element.scrollTop / this.#rowHeight) * this.#columns;
      this.#columns = columns;
      this.#dropRows();
      element.scrollTop = Math.floor(top / columns) * this.#rowHeight;
    }
    this.#inner.style.height = `${this.#rowCount * this.#rowHeight}px`;
    element.setAttribute("aria-rowcount", String(this.#rowCount));
    element.setAttribute("aria-colcount", String(columns));
    for (const row of [...this.#rows.keys()]) if (row >= this.#rowCount) this.#retire(row);
    for (const [row, { tiles }] of this.#rows) this.#fill(row, tiles);
    this.#draw();
    this.#markFocus();
  }

  #retire(row: number): void {
    const left = this.#rows.get(row)!;
    this.#rows.delete(row);
    left.element.remove();
    this.#spare.push(left);
  }

  #draw = (): void => {
    if (this.#element === undefined || this.#props === undefined) return;
    const { scrollTop } = this.#element;
    const { first, last } = rowsShown(scrollTop, this.#height, this.#rowHeight, this.#rowCount);
    for (const row of [...this.#rows.keys()]) if (row < first || row >= last) this.#retire(row);
    let isNew = false;
    for (let row = first; row < last; row++) {
      if (this.#rows.has(row)) continue;
      const made = this.#spare.pop() ?? this.#makeRow();
      made.element.setAttribute("aria-rowindex", String(row + 1));
      made.element.style.transform = `translateY(${row * this.#rowHeight}px)`;
      this.#fill(row, made.tiles);
      this.#rows.set(row, made);
      this.#inner.append(made.element);
      isNew = true;
    }
    if (!isNew) return;
    this.#markFocus();
    this.#tellWanted();
  };

  /** What is seen comes before the rows above and below it. */
  #tellWanted(): void {
    const { places, onWant } = this.#props!;
    const middle = (this.#element!.scrollTop + this.#height / 2) / this.#rowHeight - 0.5;
    const rows = [...this.#rows.keys()];
    rows.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    onWant(rows.flatMap((row) => places.slice(row * this.#columns, (row + 1) * this.#columns)));
  }

  #makeRow(): Row {
    const element = document.createElement("div");
    element.className = "sample-tiles-row";
    element.setAttribute("role", "row");
    const tiles = Array.from({ length: this.#columns }, (_, column) => this.#makeTile(column));
    element.append(...tiles.map(({ cell }) => cell));
    return { element, tiles };
  }

  #makeTile(column: number): Tile {
    const { width, pictureHeight } = this.#props!;
    const make = (name: string, className: string) => {
      const made = document.createElement(name);
      made.className = className;
      return made;
    };
    const cell = make("div", "sample-tile");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-colindex", String(column + 1));
    cell.style.width = `${width}px`;
    const canvas = make("canvas", "sample-tile-picture") as HTMLCanvasElement;
    const ratio = Math.min(MOST_RATIO, devicePixelRatio);
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(pictureHeight * ratio)];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${pictureHeight}px`;
    const [id, said] = [make("span", "sample-tile-id"), make("span", "sr-only")];
    const [mark, figure] = [make("span", "sample-tile-mark"), make("span", "sample-tile-figure num")];
    if (pictureHeight > 0) cell.append(canvas);
    cell.append(id, said, mark, figure);
    return { cell, canvas, id, said, mark, figure, key: "" };
  }

  #fill(row: number, tiles: readonly Tile[]): void {
    const { places, textOf, isMarked, colourOf, stampOf, version, width, pictureHeight } = this.#props!;
    tiles.forEach((tile, column) => {
      const place = places[row * this.#columns + column];
      const { cell, canvas, id, said, mark, figure } = tile;
      const key = place === undefined ? "none" : `${place} ${stampOf(place)} ${version}`;
      if (tile.key === key) return;
      tile.key = key;
      cell.hidden = place === undefined;
      if (place === undefined) {
        cell.removeAttribute("id");
        return;
      }
      const text = textOf(place);
      cell.dataset.marked = String(isMarked?.(place) ?? false);
      cell.id = `${this.#id}-${place}`;
      cell.dataset.place = String(place);
      said.textContent = text.said;
      id.textContent = text.id;
      id.title = text.id;
      figure.textContent = text.figure;
      mark.style.background = colourOf(place) ?? "transparent";
      if (pictureHeight === 0) return;
      const context = canvas.getContext("2d")!;
      const ratio = canvas.width / width;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, pictureHeight);
      cell.dataset.painted = String(this.#props!.paint(context, place, width, pictureHeight));
    });
  }

  #markFocus(): void {
    const focus = this.#focus;
    const element = this.#element!;
    element.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
    const cell = focus === undefined ? null : element.querySelector(`#${this.#id}-${focus}`);
    // A cell that is scrolled out of sight does not exist.
    if (cell === null) element.removeAttribute("aria-activedescendant");
    else {
      cell.setAttribute("aria-selected", "true");
      element.setAttribute("aria-activedescendant", cell.id);
    }
  }

  #showFocus(): void {
    const { places } = this.#props!;
    const focus = this.#focus;
    const at = focus === undefined ? -1 : places.indexOf(focus);
    if (at < 0) return;
    const element = this.#element!;
    const row = Math.floor(at / this.#columns);
    const top = scrollToShow(row, element.scrollTop, this.#height, this.#rowHeight);
    if (top !== element.scrollTop) element.scrollTop = top;
    this.#draw();
    this.#markFocus();
  }

  #onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.metaKey || this.#props === undefined) return;
    const { places, onFocus, onOpen } = this.#props;
    const focus = this.#focus;
    if (places.length === 0) return;
    if (event.key === "Enter" && focus !== undefined && places.includes(focus)) {
      event.preventDefault();
      onOpen(focus);
      return;
    }
    const page = Math.max(1, Math.floor(this.#height / this.#rowHeight));
    const at = focus === undefined ? -1 : places.indexOf(focus);
    const to = movedFocus(event, Math.max(0, at), places.length, this.#columns, page);
    if (to === undefined) return;
    event.preventDefault();
    // The first arrow finds the first tile.
    const found = places[at < 0 && event.key.startsWith("Arrow") ? 0 : to];
    // The island hears of the new focus with the next render; neither the screen nor the next key should wait for it.
    if (found !== focus) this.#told.push(found);
    this.#focus = found;
    this.#showFocus();
    onFocus(found);
  };

  #onClick = (event: MouseEvent): void => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-place]") : null;
    if (cell === null || this.#props === undefined) return;
    const place = Number(cell.dataset.place);
    if (place !== this.#focus) this.#told.push(place);
    this.#focus = place;
    this.#markFocus();
    this.#props.onFocus(place);
    this.#props.onOpen(place);
  };
}
