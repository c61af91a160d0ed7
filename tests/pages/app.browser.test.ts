import axe from "axe-core";
import { h, render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "uplot/dist/uPlot.min.css";
import "../../src/pages/styles/index.css";
import { App, type Parts, partsOf } from "../../src/pages/app";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { Setup } from "../../src/pages/train/setup";
import { ScriptedRank } from "../helpers/scripted-rank";

let rank: ScriptedRank;
let parts: Parts;
let root: HTMLElement;
let unfollow: () => void;
let sent: { type: string; [name: string]: unknown }[];

beforeEach(async () => {
  location.hash = "#/train";
  rank = new ScriptedRank();
  sent = [];
  const store = new Store(rank, (message) => sent.push(message as (typeof sent)[number]));
  const setup = new Setup();
  await setup.load();
  parts = partsOf(store, setup);
  unfollow = store.followAddress();
  store.adapter.value = { kind: "found", name: "a test's adapter" };
  root = document.createElement("div");
  root.id = "app";
  document.body.append(root);
  document.documentElement.lang = "en";
  // axe reads colours at once; halfway through a transition they are neither the old nor the new ones.
  const still = document.createElement("style");
  still.textContent = "* { transition: none !important; animation: none !important; }";
  document.head.append(still);
  document.title = "Handloom";
  render(h(App, parts), root);
});

afterEach(() => {
  unfollow();
  render(null, root);
  root.remove();
});

const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const button = (name: string) =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;
const start = () => parts.store.start(parts.setup.options(new Date(0)));

async function violations(): Promise<string[]> {
  const result = await axe.run(document, { resultTypes: ["violations"] });
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
  );
}

describe("the pages", () => {
  for (const page of ["train", "profile", "inspect"] as const) {
    for (const wanted of ["light", "dark"] as const) {
      it(`${page} has no axe violations, empty and full, ${wanted}`, async () => {
        if (theme.value !== wanted) toggleTheme();
        parts.store.go(page);
        await vi.waitFor(() => expect(root.querySelector(`.page-${page}`)).not.toBeNull());
        expect(await violations()).toEqual([]);
        rank.stored = [{ name: "tiny-1", step: 60, sizeBytes: 1e7, savedAt: 0 }];
        void parts.store.refreshRuns();
        void start();
        rank.train(12);
        parts.store.addProblem("Something went wrong: expected nothing.");
        if (page === "profile") await parts.profile.measure();
        if (page === "inspect") await vi.waitFor(() => expect(root.querySelector(".joint-table")).not.toBeNull());
        await vi.waitFor(() => expect(text(".pill")).toContain("12 / 12"));
        expect(await violations()).toEqual([]);
      });
    }
  }
});

describe("train", () => {
  it("shows what the events say", async () => {
    void start();
    rank.say({ type: "status", text: "rendering synthetic frames", done: 12, total: 48 });
    await vi.waitFor(() => expect(text(".progress")).toContain("rendering synthetic frames12 / 48"));
    rank.train(20);
    await vi.waitFor(() => expect(text(".pill")).toContain("Training20 / 20"));
    await vi.waitFor(() => expect(text(".readouts")).toContain("mean pose 52.6"));
    await vi.waitFor(() => expect(text(".log")).toContain("Evaluated on 8 samples from all 1 ranks"));
    expect(root.querySelectorAll(".chart canvas")).toHaveLength(3);
    expect(inked(root.querySelector<HTMLCanvasElement>(".figure-loss canvas")!)).toBeGreaterThan(500);
    expect(inked(root.querySelector<HTMLCanvasElement>(".sample-figure canvas")!)).toBeGreaterThan(5000);
    rank.runFiles = [{ path: "log.txt", bytes: new TextEncoder().encode("x") }];
    rank.finish(20, "done");
    await vi.waitFor(() => expect(sent[sent.length - 1]).toMatchObject({ type: "done", ok: true }));
    expect(sent.filter(({ type }) => type === "progress")).toHaveLength(20);
    expect(sent.filter(({ type }) => type === "metrics")).toHaveLength(2);
    expect(sent).toContainEqual({ type: "file", name: "log.txt", base64: "eA==", append: false, more: false });
  });

  it("shows an error as a sentence, once, and can start again", async () => {
    void start();
    rank.train(3);
    rank.crash("loss_2d is not finite at step 3");
    await vi.waitFor(() => expect(sent[sent.length - 1]).toMatchObject({ type: "done", ok: false }));
    expect(root.querySelectorAll(".banner")).toHaveLength(1);
    expect(text(".banner")).toContain("loss_2d is not finite at step 3");
    expect(button("Start").disabled).toBe(false);
    await userEvent.click(button("Dismiss"));
    expect(root.querySelectorAll(".banner")).toHaveLength(0);
  });

  it("is driven by the keyboard, except while a person types", async () => {
    (document.activeElement as HTMLElement | null)?.blur();
    await userEvent.keyboard(" ");
    expect(rank.calls).toEqual(["start"]);
    rank.train(3);
    await userEvent.keyboard(" ");
    await vi.waitFor(() => expect(parts.store.state.value).toBe("paused"));
    await userEvent.keyboard(" ");
    expect(rank.calls).toEqual(["start", "pause", "resume"]);
    await userEvent.keyboard("s");
    await vi.waitFor(() => expect(parts.store.state.value).toBe("finished"));
    const area = root.querySelector("textarea")!;
    await vi.waitFor(() => expect(area.matches(":disabled")).toBe(false));
    area.focus();
    await userEvent.keyboard(" s2");
    expect(rank.calls.filter((call) => call === "start")).toHaveLength(1);
    expect(parts.store.route.value.page).toBe("train");
    area.blur();
    await userEvent.keyboard("?");
    await vi.waitFor(() => expect(root.querySelector("dialog[open]")).not.toBeNull());
    await userEvent.keyboard("2");
    expect(parts.store.route.value.page).toBe("train");
    await userEvent.keyboard("{Escape}");
    await vi.waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    await userEvent.keyboard("2");
    await vi.waitFor(() => expect(parts.store.route.value.page).toBe("profile"));
  });

  it("ties fields and text of the configuration together", async () => {
    const field = [...root.querySelectorAll("label")].find((each) => each.textContent === "Batch")!;
    const input = document.getElementById(field.htmlFor) as HTMLInputElement;
    await userEvent.fill(input, "4");
    expect(parts.setup.text.value).toContain("batch: 4");
    await userEvent.fill(input, "4x");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(parts.setup.text.value).toContain("batch: 4");
    await userEvent.fill(root.querySelector("textarea")!, "model: [");
    await vi.waitFor(() => expect(button("Start").disabled).toBe(true));
    expect(text("#config-says")).not.toBe("");
  });

  it("takes a deletion back, and deletes when it is not", async () => {
    rank.stored = ["kept", "gone"].map((name) => ({ name, step: 1, sizeBytes: 1, savedAt: 0 }));
    await parts.store.refreshRuns();
    await vi.waitFor(() => expect(button("Delete kept")).toBeDefined());
    vi.useFakeTimers();
    try {
      parts.store.deleteRun("kept");
      parts.store.deleteRun("gone");
      parts.store.undoDelete("kept");
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
    expect(rank.calls).toEqual(["delete gone"]);
    expect(parts.store.storedRuns.value.map(({ name }) => name)).toEqual(["kept"]);
  });
});

describe("profile", () => {
  it("starts a small run when there is none, pauses it, measures it", async () => {
    const measured = parts.profile.measure();
    await vi.waitFor(() => expect(rank.calls).toEqual(["start"]));
    rank.train(1);
    await measured;
    expect(rank.calls).toEqual(["start", "pause", "profile 5"]);
    parts.store.go("profile");
    await vi.waitFor(() => expect(root.querySelectorAll("tbody tr")).toHaveLength(41));
    expect(text("tbody tr")).toContain("linear.backward");
    await userEvent.click(button("Kernel"));
    expect(root.querySelector("[aria-sort]")?.textContent).toContain("Kernel");
    expect(text("tbody tr")).toContain("adamw");
  });

  it("says why a run failed instead of waiting for it", async () => {
    const measured = parts.profile.measure();
    await vi.waitFor(() => expect(rank.calls).toEqual(["start"]));
    rank.crash("no adapter");
    await measured;
    expect(parts.profile.problem.value).toBe("no adapter");
  });
});

describe("inspect", () => {
  it("goes through the samples with J and K and stays within the split", async () => {
    void start();
    rank.train(5);
    parts.store.go("inspect");
    await vi.waitFor(() => expect(root.querySelectorAll(".joint-table tbody tr")).toHaveLength(21));
    (document.activeElement as HTMLElement | null)?.blur();
    await userEvent.keyboard("k");
    await userEvent.keyboard("j");
    await vi.waitFor(() => expect(text(".toolbar-says")).toContain("synthetic/0001"));
    expect(rank.calls.slice(-1)).toEqual(["inspect val 1"]);
    parts.inspect.goTo(500);
    await vi.waitFor(() => expect(rank.calls.slice(-1)).toEqual(["inspect val 7"]));
    expect(inked(root.querySelector<HTMLCanvasElement>(".hand-figure canvas")!)).toBeGreaterThan(500);
  });
});

/** Pixels of a canvas that something was drawn on. */
function inked(canvas: HTMLCanvasElement): number {
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
  return count;
}
