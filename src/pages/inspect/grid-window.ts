/** Which rows of a long grid are on the screen, and where the keys lead in it. Pure. */

/** Rows that are kept beyond both edges of what is seen. */
const OVERSCAN = 2;

/** So many tiles of `tile` CSS pixels with `gap` between them stand beside each other; one at least. */
export function columnsFor(width: number, tile: number, gap: number): number {
  return Math.max(1, Math.floor((width + gap) / (tile + gap)));
}

/** Rows `first` to `last` - 1 that are drawn. All in CSS pixels; `rowHeight` with the gap below. */
export function rowsShown(
  scrollTop: number,
  height: number,
  rowHeight: number,
  rows: number,
): { readonly first: number; readonly last: number } {
  const first = Math.floor(scrollTop / rowHeight) - OVERSCAN;
  const last = Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN;
  return { first: Math.max(0, Math.min(first, rows)), last: Math.max(0, Math.min(last, rows)) };
}

/** The nearest scroll position at which a row is wholly seen. */
export function scrollToShow(row: number, scrollTop: number, height: number, rowHeight: number): number {
  const [top, bottom] = [row * rowHeight, (row + 1) * rowHeight];
  if (top < scrollTop) return top;
  return bottom > scrollTop + height ? bottom - height : scrollTop;
}

/** Where a key moves the focus among `count` tiles; undefined when it is no key of a grid. `page`: rows that are seen at once. */
export function movedFocus(
  { key, ctrlKey }: { readonly key: string; readonly ctrlKey: boolean },
  focus: number,
  count: number,
  columns: number,
  page: number,
): number | undefined {
  const start = focus - (focus % columns);
  const last = count - 1;
  const to = {
    ArrowRight: focus + 1,
    ArrowLeft: focus - 1,
    // The last row may be shorter: below it is its end, below the end nothing.
    ArrowDown:
      focus + columns > last && Math.floor(focus / columns) === Math.floor(last / columns) ? focus : focus + columns,
    ArrowUp: focus - columns < 0 ? focus : focus - columns,
    PageDown: focus + columns * page,
    PageUp: focus - columns * page < 0 ? focus % columns : focus - columns * page,
    Home: ctrlKey ? 0 : start,
    End: ctrlKey ? last : start + columns - 1,
  }[key];
  return to === undefined ? undefined : Math.max(0, Math.min(last, to));
}
