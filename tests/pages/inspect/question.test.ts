/** What a rank is asked: no more than the answer at hand lacks. */
import { describe, expect, it } from "vitest";
import {
  isSame,
  joined,
  lacks,
  mapsOf,
  type Parts,
  type Question,
  requestOf,
} from "../../../src/pages/inspect/question";
import { openHand } from "../../helpers/open-hand";
import { posedHand } from "../viewer/posed-hand";
import { lookView } from "./look-view";

const hand = posedHand(openHand(), 0.2);
const hands = { truth: hand, coarse: hand, refined: hand };
const question: Question = { split: "train", index: 3, epoch: 2, whatIf: undefined, checkpoint: undefined };
const parts: Parts = { stage: "crop", maps: [{ scale: 0, channel: "norm" }], block: 1 };

describe("a question", () => {
  it("is the same when all that an answer depends on is", () => {
    expect(isSame(question, { ...question })).toBe(true);
    for (const change of [{ split: "val" }, { index: 4 }, { epoch: 3 }, { whatIf: {} }, { checkpoint: 10 }] as const)
      expect(isSame(question, { ...question, ...change })).toBe(false);
  });

  it("names the channels of a group, held within those there are, and one map before they are known", () => {
    const choice = { scale: 1, figure: "channels", group: 1 } as const;
    expect(mapsOf(choice, 20).map(({ channel }) => channel)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    expect(mapsOf(choice, 5)).toEqual([{ scale: 1, channel: 4 }]);
    expect(mapsOf({ ...choice, figure: "max" }, 20)).toEqual([{ scale: 1, channel: "max" }]);
    expect(mapsOf(choice, undefined)).toEqual([{ scale: 0, channel: "norm" }]);
  });

  it("asks for pictures that are not at hand, for all heads, and for gradients in their stage alone", () => {
    const first = requestOf(question, parts, 3, undefined);
    expect(first).toMatchObject({ frame: true, steps: true, epoch: 2 });
    expect(first.attention).toEqual([0, 1, 2].map((head) => ({ block: 1, head })));
    expect(first).not.toHaveProperty("gradients");
    const known = lookView(first, hands);
    const second = requestOf(question, { ...parts, stage: "gradients" }, 3, known);
    expect(second).not.toHaveProperty("frame");
    expect(second).not.toHaveProperty("steps");
    expect(second).toMatchObject({ gradients: true });
  });
});

describe("an answer", () => {
  it("lacks what is looked at and was not asked for", () => {
    const view = lookView(requestOf(question, parts, 3, undefined), hands);
    expect(lacks(view, parts)).toBe(false);
    expect(lacks(view, { ...parts, block: 2 })).toBe(true);
    expect(lacks(view, { ...parts, maps: [{ scale: 1, channel: "norm" }] })).toBe(true);
    expect(lacks(view, { ...parts, stage: "gradients" })).toBe(true);
    expect(lacks({ ...view, frame: undefined }, parts)).toBe(true);
    expect(lacks({ ...view, steps: [] }, parts)).toBe(true);
  });

  it("keeps the pictures of the last one, and its gradients while the weights are the same", () => {
    const known = lookView(requestOf(question, { ...parts, stage: "gradients" }, 3, undefined), hands, 40);
    const bare = (step: number) => lookView({ split: "train", index: 3, epoch: 2 }, hands, step);
    const same = joined(bare(40), known);
    expect(same.frame).toBe(known.frame);
    expect(same.steps).toBe(known.steps);
    expect(same.gradients).toBe(known.gradients);
    expect(joined(bare(41), known).gradients).toBeUndefined();
    expect(joined(bare(40), undefined).frame).toBeUndefined();
  });
});
