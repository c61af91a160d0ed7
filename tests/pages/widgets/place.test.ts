import { describe, expect, it } from "vitest";
import { makeSample } from "../../../src/data/sample";
import type { CropRecord } from "../../../src/data/types";
import { centredPlace, placeIn, pointOn, pxUnder, wholeOf } from "../../../src/pages/widgets/place";
import { toInputPixels } from "../../../src/train/inspect/pictures";

const [SIZE, WIDTH] = [128, 96];
/** The one white pixel of a black frame, on which the wrist lies. */
const [X, Y] = [120, 90];

/** A frame of 200 x 160 pixels whose wrist projects onto the middle of its one white pixel. */
function record(square: CropRecord["square"]): CropRecord {
  const [width, height] = [200, 160];
  const camera = [400, 400, 100, 80] as const;
  const rgb = new Uint8Array(3 * width * height);
  rgb.fill(255, 3 * (Y * width + X), 3 * (Y * width + X) + 3);
  const [x, y, z] = [((X - camera[2]) / camera[0]) * 0.5, ((Y - camera[3]) / camera[1]) * 0.5, 0.5];
  return {
    ...{
      id: "SYA0/0000",
      sequence: "SYA0",
      recording: "SYA",
      width,
      height,
      x0: 0,
      y0: 0,
      step: 1,
      rgb,
      square,
      camera,
    },
    ...{ depth: undefined, rootOnly: true, mano: undefined },
    joints3d: Float64Array.from({ length: 63 }, (_, i) => [x, y, z][i % 3]),
  };
}

/** Where what is bright in an image [3, SIZE, WIDTH] lies, pixel centres at .5. */
function brightest(image: Float32Array): [number, number] {
  const black = Math.min(...image.subarray(0, SIZE * WIDTH));
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < SIZE * WIDTH; i++) {
    const weight = image[i] - black;
    sum += weight;
    x += weight * ((i % WIDTH) + 0.5);
    y += weight * (Math.floor(i / WIDTH) + 0.5);
  }
  return [x / sum, y / sum];
}

describe("a joint on a picture", () => {
  it.each([
    ["magnified", [X + 3, Y - 5, 32]],
    ["as large as it was", [X + 3.5, Y + 0.5, SIZE]],
  ] as const)("lies where the pixel is that it was annotated on, %s", (_, square) => {
    const sample = makeSample(record(square), { size: SIZE, width: WIDTH, seed: 1 }, 0);
    const [x, y] = toInputPixels(sample.joints2d.subarray(0, 3), 3, WIDTH, SIZE);
    const place = placeIn(500, 400, wholeOf({ width: WIDTH, height: SIZE }));
    // Pictures are drawn from (left, top) on: pixel (u, v) covers u to u + 1.
    const drawn = brightest(sample.image).map((px, k) => [place.left, place.top][k] + place.scale * px);
    const [left, top] = pointOn(place, x, y);
    expect(Math.abs(left - drawn[0])).toBeLessThan(0.01 * place.scale);
    expect(Math.abs(top - drawn[1])).toBeLessThan(0.01 * place.scale);
  });

  it("of a filmed frame lies half a pixel further: its pixel centres are whole numbers", () => {
    const place = placeIn(400, 400, wholeOf({ width: 200, height: 160 }));
    expect(place).toEqual({ scale: 2, left: 0, top: 40 });
    // Pixel (120, 90) covers 240 to 242 and 220 to 222 of the canvas.
    expect(pointOn(centredPlace(place), X, Y)).toEqual([241, 221]);
    expect(pxUnder(centredPlace(place), 241, 221)).toEqual([X, Y]);
  });
});

describe("a place", () => {
  it("is as large as fits, centred, above what is kept free", () => {
    expect(placeIn(300, 200, { x: 0, y: 0, width: 100, height: 100 }, 50)).toEqual({ scale: 1.5, left: 75, top: 0 });
    expect(placeIn(100, 100, { x: -10, y: 0, width: 20, height: 20 })).toEqual({ scale: 5, left: 50, top: 0 });
  });

  it("leads from a picture to the canvas and back", () => {
    const place = placeIn(333, 200, { x: 0, y: 0, width: 96, height: 128 });
    const [x, y] = pxUnder(place, ...pointOn(place, 10.5, 20.5));
    expect(x).toBeCloseTo(10.5, 12);
    expect(y).toBeCloseTo(20.5, 12);
  });
});
