import { describe, expect, it } from "vitest";
import { DEMO, parseRoute, withoutDemo } from "../../src/pages/route";

describe("parseRoute", () => {
  it("reads page and demo", () => {
    expect(parseRoute("")).toEqual({
      page: "train",
      demo: undefined,
      sample: undefined,
      look: {},
      grid: {},
      view: {},
      problems: [],
    });
    expect(parseRoute("#/inspect").page).toBe("inspect");
    expect(parseRoute("#/train?demo=1").demo).toEqual(DEMO);
    expect(parseRoute("#/train?demo=1&steps=20&frames=12&batch=4&seed=0&preset=small").demo).toEqual({
      preset: "small",
      frames: 12,
      batch: 4,
      steps: 20,
      seed: 0,
    });
    expect(parseRoute("#/train?demo=0").demo).toBeUndefined();
  });

  it("says what it does not understand and then starts nothing", () => {
    for (const [hash, word] of [
      ["#/trian?demo=1", '"trian"'],
      ["#/train?demo=1&stesp=20", '"stesp"'],
      ["#/train?demo=1&steps=0", "steps=0"],
      ["#/train?demo=1&batch=4.5", "batch=4.5"],
      ["#/train?demo=1&frames=", "frames="],
      ["#/train?demo=maybe", "demo=maybe"],
    ]) {
      const { demo, problems } = parseRoute(hash);
      expect(problems, hash).toHaveLength(1);
      expect(problems[0]).toContain(word);
      expect(demo).toBeUndefined();
    }
  });
});

describe("withoutDemo", () => {
  it("keeps the view and forgets what would start again", () => {
    expect(withoutDemo("#/train?demo=1&steps=20&panel=runs&seed=2&run=a%20run&preset=small")).toBe(
      "#/train?panel=runs&run=a+run",
    );
    expect(withoutDemo("#/train?demo=1")).toBe("#/train");
    expect(withoutDemo("")).toBe("");
  });
});
