import { describe, expect, it } from "vitest";
import { parseRoute, withView } from "../../../src/pages/route";
import { ChartView, DEFAULT_VIEW, MOST_OVERLAYS, type ViewState } from "../../../src/pages/runs/view";

const VIEW: ViewState = {
  axis: "epoch",
  smoothing: 0.9,
  isLog: false,
  overlays: ["tiny-1", "a run & more"],
  panel: "runs",
  zoom: [10, 200.5],
  hidden: ["loss_2d", "shape_prior"],
  isTable: true,
  isMesh: true,
  isDepth: false,
  filter: "#night & more",
  sort: { key: "bestPa", isDown: false },
  chosen: "a run & more",
};

describe("the address of a view", () => {
  it("says all of it, and nothing where all is as usual", () => {
    const address = withView("#/train", VIEW);
    expect(parseRoute(address)).toMatchObject({ page: "train", view: VIEW, problems: [] });
    expect(withView(address, DEFAULT_VIEW)).toBe("#/train");
    expect(withView("", DEFAULT_VIEW)).toBe("");
    expect(withView("", { ...DEFAULT_VIEW, axis: "time" })).toBe("#/train?x=time");
  });

  it("keeps what else the address asks for", () => {
    expect(withView("#/train?demo=1&x=time&steps=20", { ...DEFAULT_VIEW, panel: "ranks" })).toBe(
      "#/train?demo=1&steps=20&panel=ranks",
    );
    expect(parseRoute("#/train?demo=1&steps=20&panel=ranks").demo?.steps).toBe(20);
  });

  it("says in a sentence what it does not understand, and belongs to the training page", () => {
    for (const wrong of [
      "x=hours",
      "smooth=2",
      "smooth=",
      "log=yes",
      "panel=none",
      "zoom=5~1",
      "zoom=a~b",
      "hide=x",
      "run=",
      "table=yes",
      "over=hair",
      "sort=-hair",
      "open=",
    ]) {
      expect(parseRoute(`#/train?${wrong}`).problems, wrong).toHaveLength(1);
      expect(parseRoute(`#/train?${wrong}`).view, wrong).toEqual({});
    }
    const many = Array.from({ length: MOST_OVERLAYS + 1 }, (_, i) => `run=r${i}`).join("&");
    expect(parseRoute(`#/train?${many}`).problems).toEqual([`The address names more than ${MOST_OVERLAYS} runs.`]);
    expect(parseRoute("#/profile?x=time").problems).toHaveLength(1);
  });
});

describe("a view", () => {
  it("forgets its zoom with another axis, and draws so many runs", () => {
    const view = new ChartView();
    view.take(VIEW);
    expect(view.state.value).toEqual(VIEW);
    view.chooseAxis("time");
    expect(view.zoom.value).toBeUndefined();
    view.take({ overlays: Array.from({ length: MOST_OVERLAYS }, (_, i) => `r${i}`) });
    expect(view.toggleOverlay("one more")).toBe(false);
    expect(view.toggleOverlay("r0")).toBe(true);
    expect(view.overlays.value).not.toContain("r0");
  });
});
