import { describe, expect, it } from "vitest";
import { gridAddress, viewOfAddress } from "../../../src/pages/inspect/grid-address";
import { Feed } from "../../../src/pages/inspect/grid-feed";
import {
  BY_PLACE,
  binsOf,
  domainOf,
  histogram,
  NO_FILTERS,
  passing,
  rangeBetween,
  sequenceCounts,
  sortedPlaces,
  usualSort,
} from "../../../src/pages/inspect/grid-select";
import {
  columnsAtHand,
  type GridTable,
  tableOfIds,
  withFacts,
  withScores,
} from "../../../src/pages/inspect/grid-table";
import { columnsFor, movedFocus, rowsShown, scrollToShow } from "../../../src/pages/inspect/grid-window";
import { parseRoute } from "../../../src/pages/route";

const IDS = ["A/0000", "A/0001", "B/0000", "B/0001", "C/0000"];
const NONE = Number.NaN;

/** Five samples of three sequences; the last but one has no error, only the first two have depth. */
function fiveSamples(): GridTable {
  const errors = [30, 10, 50, NONE, 10];
  const scores = { step: 20, epoch: 2, columns: ["mpjpe_mm", "mrrpe"], values: new Float32Array(10) };
  errors.forEach((value, i) => {
    scores.values[2 * i] = value;
  });
  // Rows of a file may stand in another order.
  const reversed = { ...scores, values: scores.values.slice() };
  for (let i = 0; i < 5; i++) reversed.values[2 * i] = errors[4 - i];
  const table = withScores(tableOfIds("val", IDS), [...IDS].reverse(), reversed);
  return withFacts(table, {
    ...{ split: "val", total: 5, from: 0, ids: IDS, sequences: ["A", "B", "C"], sequence: table.sequence },
    ...{ hasDepth: Uint8Array.of(1, 1, 0, 0, 0), hasMano: new Uint8Array(5), outsideShare: new Float32Array(5) },
    ...{
      confidence: new Float32Array(5).fill(1),
      occlusion: Float32Array.of(0, 0.5, NONE, NONE, NONE),
      scores: undefined,
    },
  });
}

describe("the table of samples", () => {
  it("joins ids, scores and facts, and leaves out columns without a value", () => {
    const table = fiveSamples();
    expect([...table.columns.get("mpjpe_mm")!]).toEqual([30, 10, 50, NONE, 10]);
    expect([...table.modality]).toEqual([2, 2, 1, 1, 1]);
    expect([table.facts, table.step, [...table.sequence]]).toEqual([5, 20, [0, 0, 1, 1, 2]]);
    expect(columnsAtHand(table)).toEqual(["mpjpe_mm", "occlusion", "confidence", "outsideShare"]);
    expect(columnsAtHand(tableOfIds("train", IDS))).toEqual([]);
  });

  it("is sorted with those without a value last, and worst first once there are errors", () => {
    const table = fiveSamples();
    const all = passing(table, NO_FILTERS);
    expect(usualSort(table)).toEqual({ by: "mpjpe_mm", isDescending: true });
    expect(usualSort(tableOfIds("val", IDS)).by).toBe(BY_PLACE);
    expect(sortedPlaces(table, all, usualSort(table))).toEqual([2, 0, 1, 4, 3]);
    expect(sortedPlaces(table, all, { by: "mpjpe_mm", isDescending: false })).toEqual([1, 4, 0, 2, 3]);
    expect(sortedPlaces(table, all, { by: BY_PLACE, isDescending: true })).toEqual([4, 3, 2, 1, 0]);
  });

  it("is filtered by all of sequence, modality and ranges, and counts each over what the others leave", () => {
    const table = fiveSamples();
    const filters = {
      sequences: ["A", "C"],
      modality: "rgbd",
      ranges: { mpjpe_mm: [20, Number.POSITIVE_INFINITY] },
    } as const;
    expect([...passing(table, filters)]).toEqual([1, 0, 0, 0, 0]);
    expect([...passing(table, filters, "mpjpe_mm")]).toEqual([1, 1, 0, 0, 0]);
    expect([...passing(table, { ...filters, modality: "all" }, "sequences")]).toEqual([1, 0, 1, 0, 0]);
    expect([...sequenceCounts(table, passing(table, NO_FILTERS))]).toEqual([2, 2, 1]);
    expect([...passing(table, { ...NO_FILTERS, ranges: { occlusion: [0, 1] } })]).toEqual([1, 1, 0, 0, 0]);
  });
});

describe("a histogram", () => {
  it("counts what lies beyond its ends in the parts there, and nothing without a value", () => {
    const values = Float32Array.of(-1, 0, 9.9, 10, 39, 400, NONE);
    expect([...histogram(values, new Uint8Array(7).fill(1), [0, 40], 4)]).toEqual([3, 1, 0, 2]);
    expect([...histogram(values, Uint8Array.of(0, 1, 1, 0, 0, 0, 1), [0, 40], 4)]).toEqual([2, 0, 0, 0]);
    expect(domainOf(Float32Array.of(3, 41), false)).toEqual([0, 50]);
    expect(domainOf(new Float32Array(3), true)).toEqual([0, 1]);
    expect(domainOf(Float32Array.of(NONE), false)).toEqual([0, 1]);
  });

  it("turns a drag in either direction into a range at edges of parts, open at the ends", () => {
    expect(rangeBetween(0.26, 0.6, [0, 40], 8)).toEqual([10, 25]);
    expect(rangeBetween(0.6, 0.26, [0, 40], 8)).toEqual([10, 25]);
    expect(rangeBetween(0.5, 0.5, [0, 40], 8)).toEqual([20, 25]);
    expect(rangeBetween(0.5, 1.3, [0, 40], 8)).toEqual([20, Number.POSITIVE_INFINITY]);
    expect(rangeBetween(-0.2, 1.3, [0, 40], 8)).toBeUndefined();
    expect(binsOf([10, 25], [0, 40], 8)).toEqual([2, 5]);
    expect(binsOf([20, Number.POSITIVE_INFINITY], [0, 40], 8)).toEqual([4, 8]);
    expect(binsOf(undefined, [0, 40], 8)).toEqual([0, 8]);
  });
});

describe("the window on a grid", () => {
  it("holds the rows that are seen and two more at each edge", () => {
    expect(columnsFor(506, 96, 6)).toBe(5);
    expect(columnsFor(10, 96, 6)).toBe(1);
    expect(rowsShown(1000, 600, 100, 500)).toEqual({ first: 8, last: 18 });
    expect(rowsShown(0, 600, 100, 3)).toEqual({ first: 0, last: 3 });
    expect(rowsShown(9000, 600, 100, 3)).toEqual({ first: 3, last: 3 });
    expect([scrollToShow(2, 500, 600, 100), scrollToShow(12, 500, 600, 100), scrollToShow(7, 500, 600, 100)]).toEqual([
      200, 700, 500,
    ]);
  });

  it("moves the focus by row, end and page, and stays inside", () => {
    const move = (key: string, focus: number, ctrlKey = false) => movedFocus({ key, ctrlKey }, focus, 23, 5, 3);
    expect([move("ArrowRight", 4), move("ArrowLeft", 0), move("ArrowRight", 22)]).toEqual([5, 0, 22]);
    expect([move("ArrowDown", 4), move("ArrowDown", 19), move("ArrowDown", 21), move("ArrowUp", 3)]).toEqual([
      9, 22, 21, 3,
    ]);
    expect([move("Home", 13), move("End", 13), move("End", 21)]).toEqual([10, 14, 22]);
    expect([move("Home", 13, true), move("End", 13, true)]).toEqual([0, 22]);
    expect([move("PageDown", 3), move("PageDown", 19), move("PageUp", 18), move("PageUp", 8)]).toEqual([18, 22, 3, 3]);
    expect(move("x", 3)).toBeUndefined();
  });
});

describe("the address of the table", () => {
  it("says all of it, and is no address of a sample", () => {
    const view = {
      run: "tiny & more",
      sort: { by: "without_depth.mpjpe_mm", isDescending: false },
      filters: {
        sequences: ["A~1", "B"],
        modality: "rgbd",
        ranges: { mpjpe_mm: [20, Number.POSITIVE_INFINITY], occlusion: [0.25, 0.5] },
      },
      tile: 192,
      overlays: ["truth", "heat"],
    } as const;
    const route = parseRoute(gridAddress("train", view));
    expect(route.problems).toEqual([]);
    expect(viewOfAddress(route.grid)).toEqual(view);
    expect(route.look).toEqual({ split: "train" });
    expect(viewOfAddress(parseRoute(gridAddress("val", { ...view, overlays: [] })).grid).overlays).toEqual([]);
  });

  it("says in a sentence what it does not understand", () => {
    for (const wrong of [
      "sort=x",
      "dir=left",
      "modality=depth",
      "range=mpjpe_mm~5",
      "range=x~1~2",
      "range=mpjpe_mm~5~1",
    ]) {
      expect(parseRoute(`#/inspect?${wrong}`).problems, wrong).toHaveLength(1);
    }
    for (const wrong of ["tile=100", "over=truth~x", "run="])
      expect(parseRoute(`#/inspect?${wrong}`).problems, wrong).toHaveLength(1);
    expect(parseRoute("#/train?sort=mpjpe_mm").problems).toHaveLength(1);
  });
});

describe("a feed of pictures", () => {
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

  function made(keep = 100) {
    const asked: number[][] = [];
    const answers: (() => void)[] = [];
    const problems: unknown[] = [];
    let error: Error | undefined;
    const feed = new Feed({
      ask: (places) => {
        asked.push([...places]);
        return new Promise<{ index: number }[]>((resolve, reject) => {
          answers.push(() => (error ? reject(error) : resolve(places.map((index) => ({ index })))));
        });
      },
      batch: 2,
      keep,
      onValues: () => undefined,
      onError: (each) => problems.push(each),
    });
    const answer = async () => {
      answers.shift()!();
      await settled();
    };
    const fail = async (each: Error) => {
      error = each;
      await answer();
      error = undefined;
    };
    return { feed, asked, problems, answer, fail };
  }

  it("asks for a few at a time, and not for what is looked at no more", async () => {
    const { feed, asked, answer } = made();
    feed.want([0, 1, 2, 3, 4]);
    feed.want([8, 9, 1]);
    expect(asked).toEqual([[0, 1]]);
    await answer();
    await answer();
    expect(asked).toEqual([
      [0, 1],
      [8, 9],
    ]);
    expect([feed.get(1), feed.get(2), feed.missing]).toEqual([{ index: 1 }, undefined, 0]);
  });

  it("keeps so many, the ones last looked at, and lets answers to older questions go", async () => {
    const { feed, asked, answer } = made(3);
    feed.want([0, 1]);
    await answer();
    feed.want([2, 0]);
    await answer();
    feed.want([3]);
    await answer();
    expect([0, 1, 2, 3].map((place) => feed.get(place) !== undefined)).toEqual([true, false, true, true]);
    feed.want([5]);
    feed.clear();
    await answer();
    expect(feed.get(5)).toBeUndefined();
    feed.want([0]);
    expect(asked.at(-1)).toEqual([0]);
  });

  it("tells a failure once and asks no more until it is cleared", async () => {
    const { feed, asked, problems, fail } = made();
    feed.want([0]);
    await fail(new Error("gone"));
    feed.want([1]);
    expect([asked.length, problems.length]).toEqual([1, 1]);
    feed.clear();
    feed.want([1]);
    expect(asked).toHaveLength(2);
  });
});
