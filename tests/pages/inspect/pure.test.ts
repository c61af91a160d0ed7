import { describe, expect, it } from "vitest";
import { readSampleParam, STAGE_NAMES, sampleAddress } from "../../../src/pages/inspect/address";
import { alignmentOf } from "../../../src/pages/inspect/alignment";
import {
  attentionRow,
  patchesOutsideFrame,
  patchesWithoutDepth,
  spreadOf,
  tokenName,
  topTokens,
} from "../../../src/pages/inspect/attention";
import { heatPixels, quantile, shareOf, spanOf } from "../../../src/pages/inspect/colours";
import { diffNumbers, diffRow, magnification, residualLines } from "../../../src/pages/inspect/diff";
import { figureCaption, fileStem, meshesOf } from "../../../src/pages/inspect/exports";
import { cellAt, tokenAt } from "../../../src/pages/inspect/patches";
import {
  barShare,
  decades,
  errorLimitOf,
  fitted,
  halfShare,
  lengthOverChannels,
  wrap,
} from "../../../src/pages/inspect/scales";
import { parseRoute } from "../../../src/pages/route";
import { lookText } from "../../../src/train/inspect/look-file";
import { openHand } from "../../helpers/open-hand";
import { posedHand } from "../viewer/posed-hand";
import { FRONT, type Hands, lookView, TOKENS } from "./look-view";

const model = openHand();
const hands: Hands = { truth: posedHand(model, 0.1), coarse: posedHand(model, 0.5), refined: posedHand(model, 0.2) };
const view = lookView(
  {
    split: "val",
    index: 3,
    attention: [
      { block: 1, head: 2 },
      { block: 1, head: 0 },
    ],
  },
  hands,
);

describe("the address of a sample", () => {
  it("comes back as it was written, and says what it does not understand", () => {
    const wanted = { split: "train", index: 7, stage: "attention", epoch: 2, block: 1, head: 0, token: 20 } as const;
    const { look, problems } = parseRoute(sampleAddress(wanted));
    expect(look).toEqual(wanted);
    expect(problems).toEqual([]);
    expect(parseRoute("#/inspect").look).toEqual({});
    expect(parseRoute("#/inspect?stage=soup").problems).toEqual([
      `The address has stage=soup, expected one of ${STAGE_NAMES.join(", ")}.`,
    ]);
    expect(parseRoute("#/inspect?index=-1").problems[0]).toContain("expected a whole number from 0 on");
    expect(readSampleParam("axis", "step", {})).toBeUndefined();
  });
});

describe("attention", () => {
  it("is that of one head, or the mean of several", () => {
    const one = attentionRow(view.attention.slice(0, 1), 5, TOKENS)!;
    expect(topTokens(one, 1)[0].token).toBe(8);
    expect(topTokens(one, 1)[0].share).toBeCloseTo(0.5 + 0.5 / TOKENS, 6);
    const mean = attentionRow(view.attention, 5, TOKENS)!;
    expect(mean.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(
      topTokens(mean, 2)
        .map(({ token }) => token)
        .sort(),
    ).toEqual([6, 8]);
    expect(attentionRow([], 0, TOKENS)).toBeUndefined();
  });

  it("is as spread out as so many even tokens", () => {
    const even = new Float32Array(8).fill(1 / 8);
    expect(spreadOf(even, 2).tokens).toBeCloseTo(8, 5);
    expect(spreadOf(even, 2).patches).toBeCloseTo(0.75, 6);
    expect(spreadOf([0, 1, 0], 2)).toEqual({ patches: 0, tokens: 1 });
  });

  it("names its tokens by row and column from 1", () => {
    expect(tokenName(view.tokens, 2)).toBe("joint 2");
    expect(tokenName(view.tokens, FRONT.length)).toBe("patch 1, 1");
    expect(tokenName(view.tokens, FRONT.length + 7)).toBe("patch 2, 2");
  });

  it("knows patches without depth and those beside the frame", () => {
    const depth = new Uint8ClampedArray(8).fill(255);
    depth[7] = 3;
    expect([...patchesWithoutDepth(depth, { rows: 1, columns: 2, patch: 2 })]).toEqual([1, 0]);
    const frame = { corners: [-10, 0, 10, 0, 10, 10, -10, 10], width: 20, height: 20 };
    expect([...patchesOutsideFrame(frame, { rows: 1, columns: 2 })]).toEqual([1, 0]);
  });
});

describe("what lies under the pointer", () => {
  it("is the token of a joint that has one, else that of the patch", () => {
    expect(tokenAt(view.tokens, undefined, 17, 0)).toBe(FRONT.length + 1);
    expect(tokenAt(view.tokens, 9, 17, 0)).toBe(4);
    // A fingertip has no token.
    expect(tokenAt(view.tokens, 8, 17, 0)).toBe(FRONT.length + 1);
    expect(tokenAt(view.tokens, undefined, -1, 0)).toBeUndefined();
  });

  it("is a cell of a feature map", () => {
    const map = { rows: 8, columns: 6 };
    expect(cellAt(map, view, 16, 15.9)).toBe(1);
    expect(cellAt(map, view, 95.9, 127.9)).toBe(47);
    expect(cellAt(map, view, 96, 0)).toBeUndefined();
  });
});

describe("Procrustes alignment", () => {
  it("is told as a turn, a scale and a move", () => {
    const { joints } = hands.truth;
    // Turned by 30 degrees about z, half as large: the middle of the joints moves too.
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const turned = Float32Array.from(joints, (_, i) => {
      const [x, y, z] = joints.subarray(i - (i % 3));
      return 0.5 * [c * x - s * y, s * x + c * y, z][i % 3];
    });
    const { degrees, scale, moveMm } = alignmentOf(turned, joints);
    expect(degrees).toBeCloseTo(30, 3);
    expect(scale).toBeCloseTo(2, 4);
    const middle = [0, 1, 2].map((k) => joints.reduce((sum, v, i) => sum + (i % 3 === k ? v / 21 : 0), 0));
    const moved = [0.5 * (c * middle[0] - s * middle[1]), 0.5 * (s * middle[0] + c * middle[1]), 0.5 * middle[2]];
    expect(moveMm).toBeCloseTo(1000 * Math.hypot(...middle.map((v, k) => v - moved[k])), 2);
    expect(alignmentOf(joints, joints)).toMatchObject({ degrees: expect.closeTo(0, 1), moveMm: 0 });
  });
});

describe("colours", () => {
  it("run from the least to the largest, and grey is no number", () => {
    const span = spanOf([2, Number.NaN, 4]);
    expect(span).toEqual({ low: 2, high: 4 });
    expect([1, 3, 9].map((value) => shareOf(value, span))).toEqual([0, 0.5, 1]);
    const pixels = heatPixels([2, 4, Number.NaN], span, true);
    const lightness = (i: number) => pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2];
    expect(lightness(1)).toBeGreaterThan(lightness(0));
    expect(pixels[3]).toBeLessThan(pixels[7]);
    expect([...pixels.subarray(8, 11)]).toEqual([128, 128, 128]);
    expect(heatPixels([2], span, false)[3]).toBe(255);
  });

  it("have a span that is never empty, and a quantile that outliers do not move", () => {
    expect(spanOf([0, 0])).toEqual({ low: 0, high: 1 });
    expect(spanOf([])).toEqual({ low: 0, high: 1 });
    expect(quantile([...new Array(99).fill(1), 1e9], 0.98)).toBe(1);
    expect(quantile([Number.NaN], 0.5)).toBeNaN();
  });
});

describe("residuals", () => {
  it("are drawn so many times as long, from the joint on", () => {
    expect([...residualLines([10, 20], [10.5, 19], 10)]).toEqual([10, 20, 15, 10]);
    expect(magnification(0.004)).toBe(1000);
    expect(magnification(3)).toBe(1);
    expect(magnification(0)).toBe(1);
    expect(magnification(1e-12)).toBe(1000);
  });
});

describe("scales", () => {
  it("are linear from zero, or logarithmic over whole decades", () => {
    expect([5, 10, 0, Number.NaN].map((value) => barShare(value, [5, 10], false))).toEqual([0.5, 1, 0, 0]);
    expect(decades([0.02, 3])).toEqual({ low: -2, high: 1 });
    expect(barShare(0.1, [0.02, 3], true)).toBeCloseTo(1 / 3, 6);
    expect(errorLimitOf([...new Array(99).fill(3), 400])).toBe(5);
  });

  it("tell where half of a sum lies", () => {
    expect(halfShare([1, 1, 1, 1])).toBe(0.5);
    expect(halfShare([0, 9, 0, 0])).toBe(0.25);
    expect(halfShare([0, 0])).toBeNaN();
    expect([...lengthOverChannels(Float32Array.of(3, 0, 4, 1), 2)]).toEqual([5, 1]);
  });

  it("have words that fit", () => {
    const room = (most: number) => (text: string) => text.length <= most;
    expect(fitted("a.bcd.ef", room(8))).toBe("a.bcd.ef");
    expect(fitted("a.bcd.ef", room(7))).toBe("…bcd.ef");
    expect(fitted("a.bcd.ef", room(1))).toBe("…ef");
    expect(wrap("one two three", 7, (text) => text.length)).toEqual(["one two", "three"]);
  });
});

describe("differences", () => {
  it("say which way is better", () => {
    expect(diffRow("a", "mm", 10, 12)).toMatchObject({ change: 2, isBetter: false });
    expect(diffRow("a", "", 0.9, 0.95, true).isBetter).toBe(true);
    expect(diffRow("a", "mm", 10, 10 + 1e-8)).toMatchObject({ change: 0, isBetter: undefined });
    expect(diffRow("a", "mm", 58.41, 58.414)).toMatchObject({ change: 0, isBetter: undefined });
    expect(diffRow("a", "mm", undefined, 1).change).toBeUndefined();
    expect(diffRow("a", "mm", Number.NaN, 1).change).toBeUndefined();
  });

  it("name every number that a what-if changes", () => {
    const far = lookView({ split: "val", index: 0, whatIf: { truthScale: 1000 } }, hands);
    const rows = diffNumbers(far.plain!, far);
    expect(rows.map(({ name }) => name).slice(0, 5)).toEqual(["MPJPE", "PA-MPJPE", "MPVPE", "PA-MPVPE", "total_loss"]);
    expect(rows[0].isBetter).toBe(false);
    expect(rows[0].after! / rows[0].before!).toBeGreaterThan(1000);
    expect(rows.find(({ name }) => name === "shape_prior")!.change).toBe(0);
  });
});

describe("exports", () => {
  it("have a caption with sample, stage, step and errors", () => {
    const lines = figureCaption(view, "attention", "tiny-1", "block 2, head 1", { shiftBox: [3, -4], dropDepth: true });
    expect(lines[0]).toBe("Attention (block 2, head 1): sample synthetic/0003, validation 3");
    expect(lines[1]).toMatch(/^Weights after 40 steps of run tiny-1\. MPJPE \d+\.\d\d mm, PA-MPJPE .* mm, n = 1\.$/);
    expect(lines[2]).toBe("What if: without depth, box moved by 3, -4 px.");
    expect(figureCaption({ ...view, epoch: 2, split: "train" }, "crop", "r", "", {})).toHaveLength(2);
    expect(fileStem(view, "hands")).toBe("synthetic-0003-hands-step-40");
  });

  it("hold every number, null for one that is none", () => {
    const wrong = { ...view, inMapShare: Number.NaN, focal: 1.5 };
    wrong.errors.jointsMm[3] = Number.NaN;
    const read = JSON.parse(lookText(wrong, { run: "tiny-1", whatIf: {} }));
    expect(read.about.run).toBe("tiny-1");
    expect(read.errors.jointsMm[3]).toBeNull();
    expect(read.errors.jointsMm).toHaveLength(21);
    expect(read.attention[0].probabilities).toHaveLength(TOKENS ** 2);
    expect(Math.fround(read.truth.joints[40])).toBe(view.truth.joints[40]);
    expect(atob(read.crop.rgba.base64)).toHaveLength(view.crop.rgba.length);
    expect(read.faces[5]).toBe(view.faces[5]);
  });

  it("have three meshes, of which the refined one has the colours of its errors", () => {
    const meshes = meshesOf(view);
    expect(meshes.map(({ name }) => name)).toEqual(["true", "coarse", "refined"]);
    expect(meshes[2].colours).toHaveLength(3 * 778);
    expect(meshes[0].colours).toBeUndefined();
    const { vertices, vertices2d, ...bare } = view.truth;
    const without = { ...view, truth: { ...bare, vertices: undefined, vertices2d: undefined } };
    expect(meshesOf(without).map(({ name }) => name)).toEqual(["coarse", "refined"]);
  });
});
