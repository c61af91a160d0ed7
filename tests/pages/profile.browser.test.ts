/** The profile page as a person uses it, on a rank that answers at once. */
import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { Parts } from "../../src/pages/app";
import { traceOf } from "../../src/pages/profile/exports";
import { writeRecording } from "../../src/pages/profile/recordings";
import { TimelineIsland } from "../../src/pages/profile/timeline-island";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { type MountedApp, mountApp } from "../helpers/mounted-app";
import { profileReport, ScriptedRank } from "../helpers/scripted-rank";

let parts: Parts;
let root: HTMLElement;
let app: MountedApp;
let rank: ScriptedRank;
/** What the rank was asked, and what the page said, of a recording that was cancelled before its run had begun. */
let cancelled: { readonly calls: readonly string[]; readonly says: string | undefined };

const all = (selector: string): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(selector)];
const text = (selector: string): string => root.querySelector(selector)?.textContent ?? "";
const button = (name: string): HTMLButtonElement =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;
const tab = (name: string): HTMLElement => all("[role=tab]").find((each) => each.textContent?.startsWith(name))!;
const choice = (name: string): HTMLElement =>
  all(".segments label")
    .find((each) => each.textContent?.trim() === name)!
    .querySelector("input")!;

beforeAll(async () => {
  await page.viewport(1280, 800);
  location.hash = "#/profile";
  rank = new ScriptedRank();
  const store = new Store(rank);
  app = await mountApp(store);
  ({ parts, root } = app);
  await vi.waitFor(() => expect(button("Record")).toBeDefined());
  const early = parts.profile.measure();
  await vi.waitFor(() => expect(rank.calls).toEqual(["start"]));
  await parts.profile.cancel();
  await early;
  cancelled = { calls: rank.calls.splice(0), says: parts.profile.problem.value };
  const measured = parts.profile.measure();
  await vi.waitFor(() => expect(rank.calls).toContain("start"));
  rank.train(6);
  await measured;
  await vi.waitFor(() => expect(all("tbody tr")).toHaveLength(41));
});
afterAll(() => {
  app.close();
});

describe("a recording", () => {
  it("says of every column what it rests on", () => {
    const bases = all("thead abbr.basis").map((each) => each.textContent);
    expect(bases).toHaveLength(all("thead th").length);
    expect(new Set(bases)).toEqual(new Set(["m", "e", "f"]));
    expect(text(".basis-legend")).toContain("median of 5 active after 1 warm-up");
  });

  it("chooses a kernel in the table, shows its shader, and goes on from it in the timeline", async () => {
    const [first] = all("tbody .row-button");
    await userEvent.click(first);
    await vi.waitFor(() => expect(text(".kernel-panel h2")).toBe(first.textContent));
    const chosen = parts.profile.chosen.value!;
    expect(text(".kernel-panel mark")).toContain("fn forward()");
    expect(text(".kernel-panel mark")).not.toContain("// Text");
    expect(text(".bindings")).toContain("[1680, 96]");
    const canvas = root.querySelector<HTMLElement>(".timeline-canvas")!;
    canvas.focus();
    await userEvent.keyboard("{ArrowRight}");
    expect(parts.profile.chosen.value).toBe(chosen + 1);
    await userEvent.keyboard("w");
    await userEvent.keyboard("r");
    await vi.waitFor(() => expect(text(".timeline-says")).toMatch(/Range of .* GFLOP\/s/));
    await userEvent.keyboard("{Escape}");
    expect([parts.profile.range.value, parts.profile.chosen.value]).toEqual([undefined, undefined]);
  });

  it("folds and opens the tree of modules", async () => {
    await userEvent.click(choice("Module"));
    await vi.waitFor(() => expect(all("tbody tr")).toHaveLength(2));
    await userEvent.click(button("vit_backbone"));
    await vi.waitFor(() => expect(all("tbody tr")).toHaveLength(3));
    expect(button("vit_backbone").ariaExpanded).toBe("true");
    await userEvent.click(button("Open all"));
    await vi.waitFor(() => expect(all("tbody tr").length).toBeGreaterThan(41));
    await userEvent.click(choice("Dispatch"));
  });

  it("moves and zooms the timeline from anywhere but where a person types, and says how the clocks lie", async () => {
    expect(text(".timeline-clocks summary")).toContain("Tracks share no clock.");
    expect(text(".timeline-clocks")).toContain("The two clocks are not aligned");
    const canvas = root.querySelector<HTMLCanvasElement>(".timeline-canvas canvas")!;
    const drawn = async (): Promise<string> => {
      for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
      return canvas.toDataURL();
    };
    const before = await drawn();
    const warmUp = all(".toolbar input").find(
      (each) => (each as HTMLInputElement).labels?.[0].textContent === "Warm-up",
    )!;
    warmUp.focus();
    await userEvent.keyboard("w");
    expect(await drawn()).toBe(before);
    button("Record again").focus();
    await userEvent.keyboard("w");
    expect(await drawn()).not.toBe(before);
    await userEvent.keyboard("s");
  });

  it("cancels the measuring of peaks as well, and says what it is at", async () => {
    const measure = rank.peaks;
    let end: (error: Error) => void = () => undefined;
    rank.peaks = () => new Promise((_, reject) => (end = reject));
    await userEvent.click(tab("Roofline"));
    await userEvent.click(button("Measure this adapter's peaks"));
    rank.say({ type: "status", text: "measuring peaks, triad, probe", done: 2, total: 2 });
    await vi.waitFor(() => expect(text(".profile-progress")).toContain("triad, probe 2 of 2"));
    expect(root.querySelector<HTMLProgressElement>(".profile-progress progress")?.value).toBe(2);
    await userEvent.click(button("Cancel"));
    expect(rank.calls).toContain("cancelProfile");
    end(new Error("cancelled"));
    await vi.waitFor(() => expect(button("Record again")).toBeDefined());
    expect([all(".roof").length, all(".profile [role=alert]").length]).toEqual([0, 0]);
    rank.peaks = measure;
  });

  it("draws roofs once the peaks are measured, with a dot that chooses its kernel", async () => {
    await userEvent.click(tab("Roofline"));
    await vi.waitFor(() => expect(all(".roofline-chart circle")).toHaveLength(33));
    expect(all(".roof")).toHaveLength(0);
    await userEvent.click(button("Measure this adapter's peaks"));
    await vi.waitFor(() => expect(all(".roof")).toHaveLength(1));
    const dot = root.querySelector<SVGElement>(".roofline-chart circle")!;
    dot.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await vi.waitFor(() => expect(parts.profile.chosen.value).toBe(Number(dot.dataset.row)));
    expect(text(".kernel-facts")).toMatch(/Roof.* % of the .* GFLOP\/s at/);
    expect(JSON.parse(writeRecording(parts.profile.shown.value!)).peaks.gflops).toBe(190);
  });

  it("shows tensors by their lives", async () => {
    await userEvent.click(tab("Memory"));
    await vi.waitFor(() => expect(all(".lives li")).toHaveLength(4));
    expect(text(".memory")).toContain("At most 11.0 MiB are alive at once, at dispatch 4");
  });

  it("is compared with one from a file, and refuses what is none", async () => {
    const rows = profileReport().rows.map((row) => (row.kernel === "attention" ? { ...row, ms: 3 * row.ms } : row));
    const slower = { id: 1, name: "slower", report: { ...profileReport(), rows, clockNote: "Too coarse." }, ranks: [] };
    const dropped = new DataTransfer();
    dropped.items.add(new File([writeRecording(slower)], "slower.json"));
    root
      .querySelector(".profile")!
      .dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
    await vi.waitFor(() => expect(text(".clock-note")).toBe("Too coarse."));
    await userEvent.click(tab("Compare"));
    await vi.waitFor(() => expect(text(".compare tbody tr")).toMatch(/attention.*forward.*3\.00/));
    await parts.profile.importFiles([new File(["no"], "no.json")]);
    await vi.waitFor(() => expect(text(".profile [role=alert]")).toContain("no.json: it is no JSON"));
    expect(JSON.parse(traceOf(parts.profile.shown.value!)).otherData.name).toBe("slower");
  });

  it("is cancelled while its run starts, which is stopped", () => {
    expect(cancelled.calls.filter((call) => call === "start" || call === "stop")).toEqual(["start", "stop"]);
    expect(cancelled.says).toBeUndefined();
  });

  it("is cancelled after the repeat at hand", async () => {
    let end: (error: Error) => void = () => undefined;
    rank.profile = () => new Promise((_, reject) => (end = reject));
    const measured = parts.profile.measure();
    await vi.waitFor(() => expect(button("Cancel")).toBeDefined());
    await userEvent.click(button("Cancel"));
    expect(rank.calls).toContain("cancelProfile");
    end(new Error("cancelled"));
    await measured;
    expect(parts.profile.problem.value).toBeUndefined();
    expect([parts.profile.busy.value, parts.profile.recording.value]).toEqual([undefined, "none"]);
    expect(parts.profile.recordings.value).toHaveLength(2);
  });

  it("says how to go on from a lost device, and nothing twice", async () => {
    rank.profile = () => Promise.reject(new Error("read-back: the GPU device was lost (unknown): gone"));
    await parts.profile.measure();
    await vi.waitFor(() => expect(text(".profile [role=alert]")).toMatch(/^Read-back: .* gone\. Resume the run/));
    const told = "the WebGPU adapter offers 7 storage buffers per kernel, expected at least 8";
    rank.profile = () => Promise.reject(new Error(told));
    parts.store.addProblem(told);
    await parts.profile.measure();
    await vi.waitFor(() => expect(all(".banner").filter((each) => each.textContent?.includes(told))).toHaveLength(1));
    parts.store.dismissProblem(told);
  });

  it("has no violations that axe finds, by day and by night, in any look", async () => {
    parts.profile.chosen.value = 3;
    for (const name of ["kernels", "roofline", "memory", "compare"] as const) {
      parts.profile.tab.value = name;
      for (let i = 0; i < 2; i++) {
        toggleTheme();
        await new Promise(requestAnimationFrame);
        const { violations } = await axe.run(root.querySelector(".profile")!, { resultTypes: ["violations"] });
        const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${theme.value}: ${id}: ${html}`));
        expect(found, name).toEqual([]);
      }
    }
  });
});

it("draws 2,000 kernels at once", () => {
  const kernels = Array.from({ length: 2000 }, (_, i) => ({ ...profileReport().rows[i % 41], index: i }));
  const element = document.createElement("div");
  element.style.cssText = "position:fixed;inset:0 auto auto 0;width:1200px;height:160px";
  document.body.append(element);
  const island = new TimelineIsland();
  island.mount(element);
  const spans = kernels.map((row, i) => {
    return { name: row.kernel, startMs: 2 * i, durationMs: 1.9, depth: 1, kind: row.pass, row: i };
  });
  const nothing = (): void => undefined;
  const timeline = { tracks: [{ process: "step", name: "GPU", spans }], endMs: 4000 };
  const handlers = { onChoose: nothing, onRange: nothing, onHover: nothing };
  island.update({ timeline, chosen: undefined, range: undefined, ...handlers });
  island.draw();
  const canvas = element.querySelector("canvas")!;
  const { data } = canvas.getContext("2d")!.getImageData(64, 22, canvas.width - 64, 40);
  let inked = 0;
  for (let i = 3; i < data.length; i += 4) inked += Number(data[i] > 0);
  expect(inked).toBeGreaterThan(5000);
  island.dispose();
  element.remove();
});
