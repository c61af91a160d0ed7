/**
 * Where a picture lies on a canvas. Coordinates of a picture (px) have their origin at its upper left corner, so that the centre of
 * its first pixel is (0.5, 0.5): so the crop's are (`src/data/crop.ts`), so the canvas's are, and nothing is shifted between them.
 * Filmed frames count pixel centres by whole numbers: `centredPlace` is for them. Pure.
 */

/** CSS pixels of one px, and the place of the picture's upper left corner on the canvas. */
export interface Place {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** Part of a picture, or more than it, in px: what has to fit. */
export interface Extent {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `extent` as large as fits a canvas of width x height CSS pixels, centred, above `below` of them that are kept free. */
export function placeIn(width: number, height: number, extent: Extent, below = 0): Place {
  const room = Math.max(1, height - below);
  const scale = Math.min(width / extent.width, room / extent.height);
  return {
    scale,
    left: (width - scale * extent.width) / 2 - scale * extent.x,
    top: (room - scale * extent.height) / 2 - scale * extent.y,
  };
}

/** How heavy lines, joints and words are on a canvas of that size: 1 up to some 760 CSS pixels, more on a large screen. */
export const weightOf = (width: number, height: number): number =>
  Math.max(1, Math.min(2.4, Math.min(width, height) / 760));

/** The whole of a picture. */
export const wholeOf = ({ width, height }: { readonly width: number; readonly height: number }): Extent => ({
  ...{ x: 0, y: 0 },
  ...{ width, height },
});

/** The place for coordinates whose pixel centres are whole numbers: (0, 0) comes to the middle of the first pixel. */
export const centredPlace = ({ scale, left, top }: Place): Place => ({
  ...{ scale, left: left + scale / 2 },
  top: top + scale / 2,
});

/** The point of a canvas, CSS pixels, at which (x, y) px lies. */
export const pointOn = ({ scale, left, top }: Place, x: number, y: number): [number, number] => [
  left + scale * x,
  top + scale * y,
];

/** The px that lie under the point (x, y) of a canvas, CSS pixels. */
export const pxUnder = ({ scale, left, top }: Place, x: number, y: number): [number, number] => [
  (x - left) / scale,
  (y - top) / scale,
];
