import { describe, expect, it } from "vitest";
import { project } from "../../../src/data/crop";
import { memoryCrops } from "../../../src/data/crop-set";
import { HO3D_DEPTH_UNIT } from "../../../src/data/png";
import { makeSample } from "../../../src/data/sample";
import type { CropRecord } from "../../../src/data/types";
import { FactTable, factsOf } from "../../../src/train/inspect/facts";
import { SAMPLE_SCORE_COLUMNS, scoresText, withScores } from "../../../src/train/inspect/scores";

import { noiseRecord } from "../../helpers/noise-record";

const SHAPE = { height: 32, width: 32 };
const HO3D_EVALUATION = 8333;

/** Every pixel has the depth of the joints. */
const record: CropRecord = {
  ...noiseRecord(0),
  depth: new Uint16Array(40 * 40).fill(Math.round(0.6 / HO3D_DEPTH_UNIT)),
};

describe("facts of a sample", () => {
  it("counts joints outside the crop as the loss does", () => {
    for (const each of [record, { ...record, rootOnly: true }, { ...record, square: [70, 40, 30] as const }]) {
      const { joints2d } = makeSample(each, { size: 32, width: 32, seed: 0 }, 0);
      const confident = joints2d.filter((_, i) => i % 3 === 2).reduce((a, b) => a + b, 0);
      const known = each.rootOnly ? 1 : 21;
      const { confidence, outsideShare } = factsOf(each, SHAPE);
      expect(confidence).toBeCloseTo(confident / 21, 12);
      expect(outsideShare).toBeCloseTo(1 - confident / known, 12);
    }
    expect(factsOf(record, SHAPE)).toMatchObject({ hasDepth: true, hasMano: true });
    expect(factsOf({ ...record, mano: undefined }, SHAPE).hasMano).toBe(false);
  });

  it("calls a joint covered when the depth there is of something nearer by more than 40 mm", () => {
    expect(factsOf(record, SHAPE).occlusion).toBe(0);
    const pixels = project(record.joints3d, record.camera);
    const places = Array.from({ length: 21 }, (_, j) => {
      const [x, y] = [Math.round(pixels[2 * j] - record.x0), Math.round(pixels[2 * j + 1] - record.y0)];
      return x >= 0 && y >= 0 && x < record.width && y < record.height ? y * record.width + x : -1;
    }).filter((at) => at >= 0);
    expect(new Set(places).size).toBe(places.length);
    const reading = (metres: number): number => {
      const depth = Uint16Array.from(record.depth!);
      depth[places[0]] = Math.round(metres / HO3D_DEPTH_UNIT);
      return factsOf({ ...record, depth }, SHAPE).occlusion;
    };
    expect(reading(0.57)).toBe(0);
    expect(reading(0.55)).toBeCloseTo(1 / places.length, 12);
    expect(reading(0)).toBe(0);
    expect(factsOf({ ...record, depth: undefined }, SHAPE).occlusion).toBeNaN();
    expect(factsOf({ ...record, depth: new Uint16Array(1600) }, SHAPE).occlusion).toBeNaN();
  });

  it("reads each record once, in parts, and refuses what is no part", async () => {
    const ids = Array.from({ length: 5 }, (_, i) => `SEQ${i % 2}/${i}`);
    let reads = 0;
    const set = memoryCrops(
      "test",
      ids.map((id) => ({ ...record, id })),
    );
    const read = (id: string): Promise<CropRecord> => {
      reads++;
      return set.read(id);
    };
    const table = new FactTable("val", ids, { read }, SHAPE);
    expect(await table.rows(1, 3)).toMatchObject({ total: 5, from: 1, ids: ids.slice(1, 3) });
    const { sequences, sequence } = await table.rows();
    expect(Array.from(sequence, (place) => sequences[place])).toEqual(["SEQ0", "SEQ1", "SEQ0", "SEQ1", "SEQ0"]);
    expect(reads).toBe(5);
    await expect(table.rows(3, 6)).rejects.toThrow("samples: 3 to 6 of val, expected a part of 0 to 5");
  });

  it("stays small for as many samples as HO-3D's evaluation has", async () => {
    const ids = Array.from({ length: HO3D_EVALUATION }, (_, i) => `SEQ${i % 13}/${String(i).padStart(4, "0")}`);
    const set = memoryCrops(
      "test",
      ids.map((id) => ({ ...record, id })),
    );
    const columns = SAMPLE_SCORE_COLUMNS;
    const values = new Float32Array(ids.length * columns.length).map((_, i) => 20 + Math.sin(i));
    const scores = { step: 1, epoch: 0, columns, values };
    const table = withScores(await new FactTable("val", ids, set, SHAPE).rows(), ids, scores);
    const arrays = [table.sequence, table.hasDepth, table.hasMano, table.outsideShare, table.confidence];
    const bytes = [...arrays, table.occlusion, table.scores!.values].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    expect(bytes + ids.join().length).toBeLessThan(3e6);
    expect(scoresText(scores, ids).length).toBeLessThan(3e6);
  });
});
