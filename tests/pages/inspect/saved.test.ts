import { describe, expect, it } from "vitest";
import { fileAddress, keptAddress, STAGE_NAMES, sampleAddress } from "../../../src/pages/inspect/address";
import { orderParams, viewOfAddress } from "../../../src/pages/inspect/grid-address";
import { keptMap, type Looked, lackOf } from "../../../src/pages/inspect/saved";
import { parseRoute } from "../../../src/pages/route";
import { openHand } from "../../helpers/open-hand";
import { posedHand } from "../viewer/posed-hand";
import { lookView } from "./look-view";

const hand = posedHand(openHand(), 0.2);
const hands = { truth: hand, coarse: hand, refined: hand };
const bare = lookView({ split: "val", index: 3 }, hands);
const whole = lookView(
  {
    ...{ split: "train", index: 3, epoch: 1, gradients: true, frame: true, steps: true },
    attention: [{ block: 1, head: 2 }],
    maps: [{ scale: 1, channel: 13 }],
  },
  hands,
);
const looked: Looked = { stage: "crop", block: 1, head: 2, maps: [{ scale: 1, channel: 13 }] };

describe("the address", () => {
  const table = {
    sort: { by: "mpjpe_mm", isDescending: false },
    filters: { sequences: ["a b", "c"], modality: "rgb", ranges: { occlusion: [0.5, Number.POSITIVE_INFINITY] } },
  } as const;

  it("of a kept sample names run and sample, and the order that it stands in", () => {
    const address = keptAddress("my run", { kept: { split: "val", index: 12 }, stage: "maps" }, orderParams(table));
    expect(address).toMatch(/^#\/inspect\?run=my\+run&kept=val-12&stage=maps&sort=mpjpe_mm&dir=up&seq=/);
    const { look, grid, problems } = parseRoute(address);
    expect(problems).toEqual([]);
    expect(look).toEqual({ kept: { split: "val", index: 12 }, stage: "maps" });
    expect(viewOfAddress(grid)).toMatchObject({ run: "my run", ...table });
    expect(parseRoute("#/inspect?kept=val-x").problems[0]).toContain("expected a split and a place as val-12");
  });

  it("of a sample of the run at hand may carry the same, and that of a file its name", () => {
    const { look, grid, problems } = parseRoute(sampleAddress({ split: "train", index: 2 }, orderParams(table)));
    expect(problems).toEqual([]);
    expect(look).toEqual({ split: "train", index: 2, stage: "crop" });
    expect(viewOfAddress(grid)).toMatchObject(table);
    expect(parseRoute(fileAddress("a&b.json", { stage: "tokens" })).look).toEqual({
      file: "a&b.json",
      stage: "tokens",
    });
  });
});

describe("a file", () => {
  it("that has everything lacks nothing", () => {
    for (const stage of STAGE_NAMES) expect(lackOf(whole, { ...looked, stage })).toBeUndefined();
    expect(lackOf(whole, { ...looked, stage: "attention", head: undefined })).toBeUndefined();
  });

  it("says what it lacks of a stage", () => {
    const lacks = STAGE_NAMES.filter((stage) => lackOf(bare, { ...looked, stage }) !== undefined);
    expect(lacks).toEqual(["frame", "augmentation", "attention", "maps", "gradients"]);
    expect(lackOf(whole, { ...looked, stage: "attention", block: 0 })).toContain("attention of block 2: that of");
    expect(lackOf(whole, { ...looked, stage: "attention", head: 0 })).toContain("other heads of block 2 than head 1");
    const maps = [{ scale: 1, channel: "norm" }] as const;
    expect(lackOf(whole, { ...looked, stage: "maps", maps })).toBe(
      "The file holds channel 14 of map 2: other maps need the network.",
    );
  });

  it("is opened with a map that it holds", () => {
    expect(keptMap(whole)).toEqual({ scale: 1, figure: "channels", group: 1 });
    expect(keptMap({ maps: [{ ...whole.maps[0], channel: "max" }] })).toEqual({ scale: 1, figure: "max", group: 0 });
    expect(keptMap(bare)).toEqual({ scale: 0, figure: "norm", group: 0 });
  });
});
