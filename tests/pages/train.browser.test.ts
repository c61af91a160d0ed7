/** The training page on one short real run that is stopped, forked, drawn, exported and imported, as a person does it. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { writeConfig } from "../../src/config";
import type { Parts } from "../../src/pages/app";
import { PATIENCE_BEATS } from "../../src/pages/pulse";
import { connectRank } from "../../src/pages/rank-client";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { LineChart } from "../../src/pages/widgets/line-chart";
import type { RankApi } from "../../src/ranks/api";
import { IdbStorage } from "../../src/ranks/idb-storage";
import { type MountedApp, mountApp, violations } from "../helpers/mounted-app";
import { rankConfig } from "../helpers/rank-run";
import { evaluationRecord, runInfo, ScriptedRank, stepRecord } from "../helpers/scripted-rank";

/** Kernels are compiled for two runs, which a processor without a GPU takes seconds for. */
const PATIENCE_MS = 300_000;
const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: PATIENCE_MS, interval: 20 });

const soon = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 20 });

let parts: Parts;
/** What a page showed last: runs that are drawn, the last step of the first of them, runs that are listed, its address. */
let names: readonly string[];
let lastStep: number;
let listed: readonly string[];
let address: string;
let root: HTMLElement;
let app: MountedApp;

async function openApp(rank: RankApi, hash = "#/train"): Promise<void> {
  await page.viewport(1280, 800);
  location.hash = hash;
  const store = new Store(rank);
  app = await mountApp(store);
  ({ parts, root } = app);
}

function closeApp(): void {
  app.close();
}

const text = (selector: string): string => root.querySelector(selector)?.textContent ?? "";
const button = (name: string): HTMLButtonElement =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;
const tab = (name: string): HTMLElement =>
  [...root.querySelectorAll<HTMLElement>("[role=tab]")].find((each) => each.textContent?.startsWith(name))!;
const field = (label: string): HTMLInputElement => {
  const found = [...root.querySelectorAll("label")].find((each) => each.textContent === label)!;
  return document.getElementById(found.htmlFor) as HTMLInputElement;
};
const rows = (): string[] => [...root.querySelectorAll(".run-open")].map((each) => each.textContent!);
const steps = (): number => parts.store.history.lastStep?.step ?? 0;

describe("a run", () => {
  let first: string;
  let second: string;
  let stoppedAt: number;

  beforeAll(async () => {
    const rank = connectRank();
    // The doctor has tests of its own.
    await openApp({ ...rank, start: (options, onEvent) => rank.start({ ...options, preflight: false }, onEvent) });
    parts.setup.text.value = writeConfig(rankConfig({ steps: 400, evaluateEvery: 2, checkpointEvery: 2 }));
    parts.setup.frames.value = 24;
    await userEvent.click(button("Start"));
    await waitFor(() => expect(steps()).toBeGreaterThan(1));
    first = parts.store.run.value!.name;
  }, PATIENCE_MS);
  afterAll(closeApp);

  it(
    "is paused, makes single steps, and is stopped with a checkpoint",
    async () => {
      await userEvent.click(button("Pause"));
      await waitFor(() => expect(parts.store.state.value).toBe("paused"));
      for (const more of [1, 2]) {
        const before = steps();
        await userEvent.click(button("Step"));
        await waitFor(() => expect([parts.store.state.value, steps()], `step ${more}`).toEqual(["paused", before + 1]));
      }
      await userEvent.click(button("Stop"));
      await waitFor(() => expect(parts.store.state.value).toBe("finished"));
      stoppedAt = steps();
      await waitFor(() => expect(text(".pill")).toContain("Stopped"));
      expect(text(".progress-what")).toBe(`${first} was stopped after step ${stoppedAt} and is stored`);
      await waitFor(() => expect(parts.store.storedRuns.value.map(({ name }) => name)).toContain(first));
      expect(parts.store.problems.value).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    "is forked from a checkpoint into a new run with another configuration",
    async () => {
      await userEvent.click(tab("Runs"));
      await waitFor(() => expect(text(".run-table tbody")).toContain("synthetic, 24 frames, seed 1"));
      await userEvent.click(button(first));
      const choice = root.querySelector<HTMLSelectElement>('[aria-label="Checkpoint to fork from"]')!;
      const steps_ = [...choice.options].map(({ value }) => Number(value));
      expect(steps_.at(-1)).toBe(stoppedAt);
      const from = steps_[0];
      await userEvent.selectOptions(choice, String(from));
      await userEvent.click(button("Fork from"));
      await waitFor(() => expect(text(".note-row")).toContain(`step ${from} of ${first}`));
      await userEvent.fill(field("Steps"), String(stoppedAt + 2));
      await userEvent.fill(field("Learning rate"), "0.002");
      // Names have seconds in them.
      await waitFor(() => expect(parts.setup.options(new Date()).name).not.toBe(first));
      await userEvent.click(button("Start"));
      await waitFor(() => expect(parts.store.state.value).toMatch(/finished|failed/));
      expect(parts.store.problems.value).toEqual([]);
      second = parts.store.run.value!.name;
      expect(second).not.toBe(first);
      expect(parts.store.history.steps.map(({ step }) => step)).toEqual(
        Array.from({ length: stoppedAt + 2 }, (_, i) => i + 1),
      );
      expect(parts.store.history.evaluations.map(({ step }) => step)).toEqual([
        ...new Set(parts.store.history.evaluations.map(({ step }) => step)),
      ]);
      await waitFor(() => expect(rows()).toEqual(expect.arrayContaining([first, second])));
    },
    PATIENCE_MS,
  );

  it("is drawn beside another, and the address says how", async () => {
    await userEvent.click(root.querySelector<HTMLElement>(`[aria-label="Draw ${first}"]`)!);
    await soon(() => expect(root.querySelectorAll(".run-chips li")).toHaveLength(2));
    // Its records are read first.
    await soon(() => expect(parts.store.runs.shown().map(({ name }) => name)).toEqual([second, first]));
    await soon(() => expect(root.querySelectorAll(".figure-loss .legend:last-child .legend-item")).toHaveLength(2));
    const epoch = [...root.querySelectorAll(".chart-tools label")].find((each) => each.textContent === "Epoch")!;
    await userEvent.click(epoch);
    const slider = root.querySelector<HTMLInputElement>(".chart-tools input[type=range]")!;
    slider.focus();
    await userEvent.keyboard("{End}");
    await userEvent.click(button("Log"));
    const query = `x=epoch&smooth=0.98&log=0&panel=runs&run=${second}&run=${first}`;
    expect(location.hash).toBe(`#/train?${query}&open=${first}`);
  });

  it("has charts with one cursor and one range, by pointer and by keyboard", async () => {
    const { view } = parts.store;
    await soon(() => expect(root.querySelectorAll(".u-over").length).toBeGreaterThan(1));
    const [loss, error] = [...root.querySelectorAll<HTMLElement>(".u-over")];
    await userEvent.hover(loss);
    await soon(() => expect(view.cursor.value).toBeGreaterThan(0));
    const line = error.querySelector<HTMLElement>(".u-cursor-x")!;
    await soon(() => expect(line.style.transform).not.toContain("-10px"));
    await soon(() => expect(text(".cursor-place")).toMatch(/^epoch \d/));
    await userEvent.unhover(loss);
    const chart = root.querySelector<HTMLElement>(".chart")!;
    chart.focus();
    await userEvent.keyboard("+");
    await soon(() => expect(button("Whole range")).toBeDefined());
    const [low, high] = view.zoom.value!;
    await userEvent.keyboard("{Shift>}{ArrowRight}{/Shift}");
    expect(view.zoom.value![0]).toBeCloseTo(low + 0.1 * (high - low), 9);
    await userEvent.click(button("Whole range"));
    expect(view.zoom.value).toBeUndefined();
  });

  it("is compared with another by what differs", async () => {
    await userEvent.click(button("Compare 2 configurations"));
    await soon(() => expect(text(".compare-table")).toContain("optim.lr"));
    expect(text(".compare-table")).not.toContain("model.dim");
    expect(await violations()).toEqual([]);
    await userEvent.click(button("Differences only"));
    await soon(() => expect(text(".compare-table")).toContain("model.dim"));
    await userEvent.keyboard("{Escape}");
    await soon(() => expect(root.querySelector("dialog")).toBeNull());
  });

  it("is tagged, and found by its tag", async () => {
    await userEvent.click(button(first));
    const input = root.querySelector<HTMLInputElement>(".tags-field input")!;
    await userEvent.fill(input, "night, #no-depth");
    await userEvent.keyboard("{Enter}");
    await soon(() =>
      expect([...root.querySelectorAll(".tag")].map((each) => each.textContent)).toEqual(["night", "no-depth"]),
    );
    await userEvent.fill(root.querySelector<HTMLInputElement>('[aria-label="Filter runs"]')!, "#night");
    await soon(() => expect(rows()).toEqual([first]));
    await soon(async () => {
      expect((await parts.store.rank.summarize(first)).notes.tags).toEqual(["night", "no-depth"]);
    });
  });

  it("goes out as a zip and comes in again, and a broken zip changes nothing", async () => {
    const blobs: Blob[] = [];
    const create = vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      blobs.push(blob as Blob);
      return "blob:none";
    });
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    await userEvent.click(button("Whole run"));
    await soon(() => expect(blobs).toHaveLength(1));
    create.mockRestore();
    click.mockRestore();
    const give = (blob: Blob): void => {
      const input = root.querySelector<HTMLInputElement>('[aria-label="Zip of a run"]')!;
      const files = new DataTransfer();
      files.items.add(new File([blob], `${first}.zip`));
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const bytes = new Uint8Array(await blobs[0].arrayBuffer());
    const count = parts.store.storedRuns.value.length;
    // Within the weights, which are stored and not packed: their name comes before them.
    const at = new TextDecoder("latin1").decode(bytes).indexOf("model.safetensors");
    bytes[at + 2000] ^= 1;
    give(new Blob([bytes]));
    await soon(() => expect(text(".banner")).toContain("The run could not be imported"));
    await parts.store.refreshRuns();
    expect(parts.store.storedRuns.value).toHaveLength(count);
    await userEvent.click(button("Dismiss"));
    void parts.store.runs.importZip(new File([blobs[0]], `${first}.zip`));
    await parts.store.runs.cancelImport();
    await soon(() => expect(parts.store.runs.importing.value).toBeUndefined());
    await parts.store.refreshRuns();
    expect(parts.store.storedRuns.value).toHaveLength(count);
    expect(parts.store.problems.value).toEqual([]);
    give(blobs[0]);
    const copy = `${first}-2`;
    await soon(() => expect(rows()).toContain(copy));
    const [was, is] = await Promise.all([first, copy].map((name) => parts.store.rank.files(name)));
    expect(is.map(({ path }) => path)).toEqual(was.map(({ path }) => path));
    for (const [i, { path, bytes: found }] of is.entries()) {
      expect(found.length === was[i].bytes.length && found.every((byte, at) => byte === was[i].bytes[at]), path).toBe(
        true,
      );
    }
  });

  for (const wanted of ["light", "dark"] as const) {
    it(`has a table of runs without axe violations, ${wanted}`, async () => {
      if (theme.value !== wanted) toggleTheme();
      expect(rows().length).toBeGreaterThan(1);
      expect(await violations()).toEqual([]);
    });
  }

  it("has a gallery of its worst samples, which says where its scores are from", async () => {
    const pictures = () => root.querySelectorAll(".gallery-picture canvas").length;
    await userEvent.click(tab("Gallery"));
    await soon(() => expect(pictures()).toBeGreaterThan(1));
    const errors = [...root.querySelectorAll(".gallery li .num")].map((each) => Number.parseFloat(each.textContent!));
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(root.querySelector(".gallery-note")).toBeNull();
    for (const wanted of ["light", "dark"] as const) {
      if (theme.value !== wanted) toggleTheme();
      expect(await violations(".bottom")).toEqual([]);
    }
    await new IdbStorage(second).write("scores.json", new TextEncoder().encode("{"));
    await userEvent.click(tab("Log"));
    await userEvent.click(tab("Gallery"));
    await soon(() => expect(text(".gallery-note")).toContain(`The scores of the run "${second}" could not be read`));
    expect(text(".gallery-note")).toContain("these are what its rank remembers");
    await soon(() => expect(pictures()).toBe(errors.length));
    expect([...root.querySelectorAll(".gallery li .num")].map((each) => Number.parseFloat(each.textContent!))).toEqual(
      errors,
    );
    expect(await violations(".bottom")).toEqual([]);
  });

  it("is taken over with its configuration, shown by what differs from the preset", async () => {
    await userEvent.click(button("Differences"));
    await soon(() => expect(text(".config-changes")).toContain("model.dim"));
    expect(await violations()).toEqual([]);
    const before = parts.setup.differences.value!.length;
    await userEvent.click(button("model.dim as in the preset"));
    await soon(() => expect(parts.setup.differences.value).toHaveLength(before - 1));
    expect(parts.setup.text.value).toContain("dim: 96");
    // How the page is left: see "a page that is opened again".
    await userEvent.click(tab("Runs"));
    await userEvent.click(button("Steps"));
    await userEvent.fill(root.querySelector<HTMLInputElement>('[aria-label="Filter runs"]')!, "#night");
    await soon(() => expect(rows()).toContain(first));
    await userEvent.fill(root.querySelector<HTMLInputElement>('[aria-label="Filter runs"]')!, first);
    await userEvent.click(button(first));
    await userEvent.fill(root.querySelector<HTMLInputElement>('[aria-label="Filter runs"]')!, `#night ${first}`);
    await soon(() => expect(rows()).not.toContain(second));
    listed = rows();
    names = parts.store.runs.shown().map(({ name }) => name);
    lastStep = steps();
    address = location.hash;
    expect(names).toEqual([second, first]);
  });
});

describe("a page that is opened again", () => {
  const supervisors: Worker[] = [];
  const beats = new Set<() => void>();
  const OwnWorker = globalThis.Worker;

  beforeAll(async () => {
    globalThis.Worker = class extends OwnWorker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        if (given[1]?.name === "supervisor") supervisors.push(this);
      }
    };
    await openApp(
      connectRank((beat) => {
        beats.add(beat);
        return () => void beats.delete(beat);
      }),
      address,
    );
    await parts.store.refreshRuns();
  });
  afterAll(() => {
    globalThis.Worker = OwnWorker;
    closeApp();
  });

  it("shows what it showed before", async () => {
    await soon(() => expect(parts.store.runs.shown().map(({ name }) => name)).toEqual(names));
    await soon(() => expect(text(".readouts")).toContain(`step ${lastStep}`));
    expect(location.hash).toBe(address);
    expect(root.querySelectorAll(".run-chips li")).toHaveLength(2);
    await soon(() => expect(rows()).toEqual(listed));
    expect(text(".run-detail h3")).toBe(names[1]);
    expect(root.querySelector("[aria-sort]")!.textContent).toBe("Steps");
    expect(text(".welcome")).toBe("");
  });

  it("says that the worker of its run is gone, and goes on without it", async () => {
    await userEvent.click(button(`Continue the run ${names[1]}`));
    await soon(() => expect(text(".note-row")).toContain(`Continues ${names[1]}`));
    await userEvent.click(button("Continue"));
    await soon(() => expect(text(".pill")).toContain("Starting"));
    // One that answers is not silent, however often it is asked.
    for (let i = 0; i < 2 * PATIENCE_BEATS; i++) {
      for (const beat of beats) beat();
      await parts.store.rank.ping();
    }
    expect(text(".pill")).toContain("Starting");
    supervisors[0].terminate();
    for (let i = 0; i <= PATIENCE_BEATS; i++) for (const beat of beats) beat();
    await soon(() => expect(text(".pill")).toContain("No answer"));
    expect(text("[role=alert]:not(:empty)")).toContain("The worker of this run has not answered for 10 s");
    expect(text(".progress")).toContain("No answer from the run's worker");
    expect(button("Stop").disabled).toBe(true);
    expect(await violations()).toEqual([]);
    await userEvent.click(button("End the worker"));
    await soon(() => expect(text(".pill")).toContain("Failed"));
    expect(text(".banner")).toMatch(
      new RegExp(`^The worker of the run "${names[1]}" was ended, as it did not answer; continue it .* step \\d+\\.$`),
    );
    // Another worker has listed them, and the run is nobody's.
    await soon(() => expect(button(`Continue the run ${names[1]}`).disabled).toBe(false));
    expect(supervisors).toHaveLength(2);
    expect(button("Start").disabled).toBe(false);
  });
});

describe("the times of ranks", () => {
  beforeAll(() => openApp(new ScriptedRank()));
  afterAll(closeApp);

  it("are drawn for their mean or for one", async () => {
    const rank = parts.store.rank as ScriptedRank;
    parts.setup.wantedRanks.value = 2;
    void parts.store.start(parts.setup.options(new Date(0)));
    rank.train(10);
    const choice = await vi.waitUntil(() => root.querySelector<HTMLSelectElement>(".rank-choice"));
    const figure = choice.closest("figure")!;
    expect([...choice.options].map(({ label }) => label)).toEqual(["mean of 2 ranks", "rank 0", "rank 1"]);
    expect(figure.querySelector(".legend")!.textContent).toContain("compute292");
    await userEvent.selectOptions(choice, "1");
    await soon(() => expect(figure.querySelector(".legend")!.textContent).toContain("compute323"));
    expect(figure.querySelector(".chart")!.ariaLabel).toContain("rank 1");
    rank.finish(10, "done");
  });
});

describe("charts of 100,000 steps", () => {
  beforeAll(() => openApp(new ScriptedRank()));
  afterAll(closeApp);

  it("draw at most two points a column, and say how long a frame takes", async () => {
    const { store, setup } = parts;
    const rank = store.rank as ScriptedRank;
    const count = 100_000;
    void store.start(setup.options(new Date(0)));
    rank.say({ type: "started", run: runInfo(rank.options!, count) });
    const { history } = store;
    for (let step = 1; step <= count; step++) {
      history.steps.push(stepRecord(step));
      if (step % 1000 === 0) history.evaluations.push(evaluationRecord(step));
    }
    const update = vi.spyOn(LineChart.prototype, "update");
    rank.say({ type: "log", line: "all is there" });
    await soon(() => expect(update).toHaveBeenCalled());
    const [props] = update.mock.lastCall!;
    const [x, ...columns] = props.draw([0, count], 700);
    expect(x).toHaveLength(1402);
    for (const column of columns) expect(column).toHaveLength(1402);
    const charts = new Set(update.mock.contexts as LineChart[]);
    const drawn = [...charts].map(
      (chart) => [chart, update.mock.calls[update.mock.contexts.lastIndexOf(chart)][0]] as const,
    );
    const range = (i: number): [number, number] => [i * 100, count - i * 300];
    const work: number[] = [];
    for (let i = 0; i < 60; i++) {
      const began = performance.now();
      for (const [chart, its] of drawn) chart.update({ ...its, range: range(i) });
      // uPlot draws in a microtask.
      await Promise.resolve();
      work.push(performance.now() - began);
    }
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    const times: number[] = [];
    let last = await frame();
    for (let i = 0; i < 60; i++) {
      store.view.zoom.value = range(i);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    const at = (sorted: readonly number[], share: number): string =>
      [...sorted].sort((a, b) => a - b)[Math.floor(share * (sorted.length - 1))].toFixed(1);
    const lines = drawn.reduce((sum, [, its]) => sum + its.lines.length, 0);
    const of = `${count} steps, ${drawn.length} charts with ${lines} lines, the widest of ${root.querySelector(".chart")!.clientWidth} px`;
    console.log(
      `${of}: drawing all of them takes ${at(work, 0.5)} ms, at best ${at(work, 0)}, 95 % within ${at(work, 0.95)} ms`,
    );
    console.log(
      `zoomed anew each frame: ${at(times, 0.5)} ms a frame, 95 % within ${at(times, 0.95)} ms, of 60 frames`,
    );
  });
});
