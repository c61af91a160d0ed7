/** Pictures and facts of a data set's samples, as a page shows them without a run. */
import { beforeAll, expect, test } from "vitest";
import type { CropSet } from "../../src/data/crop-set";
import { DataError } from "../../src/data/data-error";
import { setTiles } from "../../src/ranks/set-tiles";
import { openHand } from "../helpers/open-hand";
import { renderedCrops } from "../helpers/scripted-importer";

let crops: CropSet;

beforeAll(async () => {
  crops = await renderedCrops(openHand(), 3, 64);
});

test("a sample has its square crop, its joints where the picture has them, and its facts", async () => {
  const record = await crops.read(crops.ids[1]);
  const [tile] = await setTiles(crops, [1], 48);
  if (tile.kind === "unread") throw new Error(tile.problem);
  expect(tile).toMatchObject({ index: 1, id: crops.ids[1], sequence: record.sequence, hasDepth: true, hasMano: true });
  const { thumbnail, joints3d } = tile;
  expect([thumbnail.width, thumbnail.height, thumbnail.depth?.length]).toEqual([48, 48, 48 * 48]);
  const [x, y, side] = record.square;
  const [fx, fy, cx, cy] = record.camera;
  for (let j = 0; j < 21; j++) {
    const [X, Y, Z] = record.joints3d.subarray(3 * j, 3 * j + 3);
    // Of a picture whose upper left corner, not its first pixel's centre, is at 0.
    expect(thumbnail.joints[2 * j]).toBeCloseTo((((fx * X) / Z + cx - (x - side / 2)) * 48) / side, 3);
    // Rows are stretched to the pixels of columns.
    expect(thumbnail.joints[2 * j + 1]).toBeCloseTo(((fx / fy) * ((fy * Y) / Z + cy - y) * 48) / side + 24, 3);
    expect(joints3d[3 * j + 2]).toBeCloseTo(1000 * (Z - record.joints3d[2]), 3);
  }
  expect(tile.states).toHaveLength(21);
  expect(structuredClone(tile)).toEqual(tile);
});

test("one that cannot be read says why in its place, and a place beyond the set is refused", async () => {
  const hurt: CropSet = {
    ...crops,
    read: (id) => (id === crops.ids[0] ? Promise.reject(new DataError("shard 0 is damaged")) : crops.read(id)),
  };
  const tiles = await setTiles(hurt, [2, 0], 16);
  expect(tiles.map(({ kind, index }) => [kind, index])).toEqual([
    ["sample", 2],
    ["unread", 0],
  ]);
  expect(tiles[1]).toMatchObject({ problem: "shard 0 is damaged" });
  await expect(setTiles(crops, [3], 16)).rejects.toThrow("3 rendered frames: sample 3 of 3, counted from 0");
});
