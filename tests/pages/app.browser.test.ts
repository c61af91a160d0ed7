import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cdp, page, userEvent } from "vitest/browser";
import type { Parts } from "../../src/pages/app";
import { significant } from "../../src/pages/format";
import { Store } from "../../src/pages/store";
import { cssColour, theme, toggleTheme } from "../../src/pages/theme";
import { lockRun } from "../../src/ranks/run-lock";
import originalConfig from "../data/fixtures/original-config.yaml?raw";
import { type MountedApp, mountApp, violations } from "../helpers/mounted-app";
import { evaluationRecord, runSummary, ScriptedRank, stepRecord, stepTimes } from "../helpers/scripted-rank";

let rank: ScriptedRank;
let parts: Parts;
let root: HTMLElement;
let app: MountedApp;
let unfollow: () => void;
let sent: { type: string; [name: string]: unknown }[];

beforeEach(async () => {
  location.hash = "#/train";
  rank = new ScriptedRank();
  sent = [];
  const store = new Store(rank, (message) => sent.push(message as (typeof sent)[number]));
  app = await mountApp(store);
  ({ parts, root } = app);
  unfollow = store.followTab();
});

afterEach(() => {
  unfollow();
  app.close();
});

const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const button = (name: string) =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;
const start = () => parts.store.start(parts.setup.options(new Date(0)));

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
        rank.lose(12);
        if (page === "profile") await parts.profile.measure();
        await vi.waitFor(() => expect(text(".pill")).toContain("12 / 12"));
        expect(await violations()).toEqual([]);
        for (const panel of page === "train" ? (["evaluation", "ranks"] as const) : []) {
          parts.store.showPanel(panel);
          await vi.waitFor(() => expect(root.querySelector(`[data-tab=${panel}]`)).not.toBeNull());
          expect(await violations()).toEqual([]);
        }
        if (page !== "train") return;
        await userEvent.click(button("Table"));
        await vi.waitFor(() => expect(root.querySelectorAll(".curve-table")).toHaveLength(6));
        expect(await violations(".charts")).toEqual([]);
        parts.store.adapter.value = { kind: "missing", message: "This browser has no WebGPU." };
        await userEvent.click(await vi.waitUntil(() => root.querySelector<HTMLElement>(".no-gpu summary")));
        expect(text(".no-gpu li")).not.toBe("");
        rank.finish(12, "done");
        await vi.waitFor(() => expect(parts.store.state.value).toBe("finished"));
        expect(button("Start").disabled).toBe(true);
        expect(await violations()).toEqual([]);
        await userEvent.click(root.querySelector(".no-gpu a")!);
        await vi.waitFor(() => expect(root.querySelector(".page-inspect")).not.toBeNull());
      });
    }
  }
});

describe("any screen", () => {
  afterEach(() => page.viewport(414, 896));

  it("is filled without being wider than it is", async () => {
    void start();
    rank.train(12);
    await parts.profile.measure();
    await page.viewport(1280, 800);
    const lower = () => root.querySelector(".figures-scroll")!.scrollHeight;
    const usual = await vi.waitUntil(() => (root.querySelectorAll(".chart canvas").length === 6 ? lower() : undefined));
    for (const [width, height] of [
      [2560, 1440],
      [1024, 768],
      [640, 400],
    ]) {
      await page.viewport(width, height);
      for (const name of ["train", "profile", "inspect"] as const) {
        parts.store.go(name);
        await vi.waitFor(() => expect(root.querySelector(`.page-${name}`)).not.toBeNull());
        expect(document.documentElement.scrollWidth, `${name} on ${width} px`).toBeLessThanOrEqual(width);
      }
      parts.store.go("train");
      await vi.waitFor(() => expect(root.querySelectorAll(".readout")).toHaveLength(6));
      for (const each of root.querySelectorAll(".readout .unit")) {
        const room = each.closest("dd")!.getBoundingClientRect().right;
        expect(each.getBoundingClientRect().right, `${each.textContent} on ${width} px`).toBeLessThanOrEqual(room + 1);
      }
    }
    await page.viewport(2560, 1440);
    const drawn = () => root.querySelector(".charts-low .chart canvas")!.clientHeight;
    await vi.waitFor(() => expect(drawn()).toBeGreaterThan(180));
    await page.viewport(1280, 800);
    await vi.waitFor(() => expect(lower()).toBe(usual));
  });

  it("has a colour for each part and line, forced colours or not", async () => {
    void start();
    rank.train(12);
    parts.store.showPanel("ranks");
    const swatches = await vi.waitUntil(() => {
      const found = [...root.querySelectorAll(".part-swatch")];
      return found.length === 6 ? found : undefined;
    });
    expect(new Set(swatches.map((each) => getComputedStyle(each).backgroundColor)).size).toBe(6);
    const ground = (name: string) =>
      getComputedStyle(root.querySelector(`.chart-tools .segments ${name} + span`)!).backgroundColor;
    const features = (value: string) => ({ features: [{ name: "forced-colors", value }] });
    await cdp().send("Emulation.setEmulatedMedia", features("active"));
    try {
      toggleTheme();
      expect(cssColour("--series-1")).not.toBe(cssColour("--series-2"));
      expect(ground(":checked")).not.toBe(ground(":not(:checked)"));
    } finally {
      await cdp().send("Emulation.setEmulatedMedia", features("none"));
      toggleTheme();
    }
  });

  it("has a dialog with its title in sight that a selection of text leaves open", async () => {
    await page.viewport(640, 400);
    await userEvent.click(button("Shortcuts and help"));
    const dialog = root.querySelector("dialog")!;
    // The window takes its new size in its own time.
    await vi.waitFor(() => {
      const body = root.querySelector(".dialog-body")!;
      body.scrollTo(0, body.scrollHeight);
      expect(body.scrollTop).toBeGreaterThan(100);
    });
    expect(button("Close").getBoundingClientRect().top).toBeGreaterThan(dialog.getBoundingClientRect().top);
    const press = (element: Element) => element.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    press(root.querySelector(".help")!);
    dialog.click();
    expect(dialog.open).toBe(true);
    press(dialog);
    dialog.click();
    await vi.waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    expect(document.activeElement).toBe(button("Shortcuts and help"));
  });
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
    expect(root.querySelector(".log")!.ariaLive).toBe("off");
    expect(root.querySelectorAll(".chart canvas")).toHaveLength(6);
    await vi.waitFor(() =>
      expect(root.querySelector(".figure-loss .chart")!.ariaLabel).toMatch(
        /^Loss, unweighted terms by step, 20 points up to step 20\. total: last \S+, least \S+, greatest \S+; 2D joints: /,
      ),
    );
    await vi.waitFor(() =>
      expect(inked(root.querySelector<HTMLCanvasElement>(".figure-loss canvas")!)).toBeGreaterThan(500),
    );
    await vi.waitFor(() =>
      expect(inked(root.querySelector<HTMLCanvasElement>(".sample-figure canvas")!)).toBeGreaterThan(5000),
    );
    rank.runFiles = [{ path: "log.txt", bytes: new TextEncoder().encode("x") }];
    rank.finish(20, "done");
    await vi.waitFor(() => expect(sent[sent.length - 1]).toMatchObject({ type: "done", ok: true }));
    expect(sent.filter(({ type }) => type === "progress")).toHaveLength(20);
    expect(sent.filter(({ type }) => type === "metrics")).toHaveLength(2);
    expect(sent).toContainEqual({ type: "file", name: "log.txt", base64: "eA==", append: false, more: false });
  });

  it("says its charts in numbers, and to the ear what the keys point at", async () => {
    void start();
    rank.train(30);
    const table = (figure: number) => [...root.querySelectorAll(".figure")][figure].querySelector(".curve-table");
    (document.activeElement as HTMLElement | null)?.blur();
    await userEvent.keyboard("t");
    await vi.waitFor(() => expect(table(0)?.querySelectorAll("tbody tr")).toHaveLength(2 + 20));
    expect(location.hash).toContain("table=1");
    const heads = [...table(1)!.querySelectorAll("thead th")].map((each) => each.textContent);
    expect(heads).toEqual([
      ...["Step", "PA", "MPJPE", "PA of zero pose", "PA of mean pose", "MPJPE of zero pose", "MPJPE of mean pose"],
    ]);
    const cells = [...table(0)!.querySelectorAll("tbody tr:nth-child(3) > *")].map((each) => each.textContent);
    expect(cells.slice(0, 2)).toEqual(["30", significant(stepRecord(30).losses.total_loss)]);
    expect(table(0)!.querySelector("tbody th")!.textContent).toBe("least of 30");
    await userEvent.keyboard("t");
    const chart = await vi.waitUntil(() => root.querySelector<HTMLElement>(".figure-loss .chart"));
    chart.focus();
    const told = chart.ariaLabel;
    rank.say({ type: "step", record: stepRecord(31) });
    await vi.waitFor(() => expect(text(".pill")).toContain("31 / 30"));
    // A name that changes under the focus would be read again with every step.
    expect(chart.ariaLabel).toBe(told);
    await userEvent.keyboard("{ArrowLeft}");
    const spoken = () => root.querySelector(".figure-loss [aria-live]")!.textContent;
    await vi.waitFor(() => expect(spoken()).toMatch(/^step [\d.]+: total [\d.]+, 2D joints /));
    expect([...root.querySelectorAll(".charts-low [aria-live]")].map((each) => each.textContent).join("")).toBe("");
    chart.blur();
  });

  const drop = (name: string, content: string, target: Element) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([content], name));
    for (const type of ["dragover", "drop"]) {
      const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
      target.dispatchEvent(event);
      expect(event.defaultPrevented, "the browser would leave the page").toBe(true);
    }
  };

  it("takes a dropped file where it belongs, wherever it falls, and shows the set-up while it is locked", async () => {
    // From another page and back: one of the two listens, not both.
    parts.store.go("profile");
    await vi.waitFor(() => expect(root.querySelector(".profile")).not.toBeNull());
    drop("config.yaml", originalConfig, root.querySelector(".header")!);
    await vi.waitFor(() => expect(text(".banner")).toContain('"config.yaml" was not taken'));
    parts.store.dismissProblem(parts.store.problems.peek()[0]);
    parts.store.go("train");
    await vi.waitFor(() => expect(root.querySelector(".sample-panel")).not.toBeNull());
    for (const place of [".header", ".hand-chooser", ".sample-panel", "textarea"]) {
      parts.setup.choosePreset("tiny");
      drop("config.yaml", originalConfig, root.querySelector(place)!);
      await vi.waitFor(() => expect(parts.setup.preset.value, place).toBe("huge"));
    }
    await vi.waitFor(() => expect(text("#config-says")).toContain("Taken over from config.yaml."));
    expect(text(".remarks summary")).toMatch(/^\d+ entries converted or without effect$/);
    expect(text(".remarks")).toContain("detector.path does nothing here");
    await userEvent.click(button("Differences"));
    await vi.waitFor(() => expect(text(".config-changes")).toContain("Entry"));
    drop("MANO_RIGHT.pkl", "x", root.querySelector(".charts")!);
    await vi.waitFor(() => expect(text(".hand-chooser")).toContain("MANO_RIGHT.pkl, 1 B"));
    drop("notes.yaml", "preset: [", root.querySelector(".header")!);
    await vi.waitFor(() => expect(text("#config-says .bad")).toContain("notes.yaml: "));
    parts.setup.choosePreset("tiny");
    void start();
    rank.train(3);
    await vi.waitFor(() => expect(text(".setup")).toContain("locked while the run lasts"));
    drop("config.yaml", originalConfig, root.querySelector(".header")!);
    await vi.waitFor(() => expect(text(".banner")).toContain("config.yaml was not taken: the set-up is locked"));
    expect(parts.setup.preset.value).toBe("tiny");
    await userEvent.click(button("Differences"));
    await vi.waitFor(() => expect(root.querySelector("textarea")?.readOnly).toBe(true));
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
    for (const name of ["kept", "gone"]) rank.summaries.set(name, runSummary(name));
    const metrics = `${JSON.stringify(stepRecord(1))}\n{}}\n${JSON.stringify(stepRecord(2))}\n`;
    rank.filesOf.set("kept", [{ path: "metrics.jsonl", bytes: new TextEncoder().encode(metrics) }]);
    await parts.store.refreshRuns();
    await vi.waitFor(() => expect(button("Delete kept")).toBeDefined());
    parts.store.showPanel("runs");
    await userEvent.click(await vi.waitUntil(() => root.querySelector<HTMLElement>('[aria-label="Draw kept"]')));
    const chip = "keptmetrics.jsonl: line 2 is no JSON and is left out.";
    await vi.waitFor(() => expect(text(".run-chips li")).toBe(chip));
    await vi.waitFor(() => expect(text(".readouts")).toContain("step 2"));
    // With the keyboard: the way back is under the finger.
    button("Delete kept").focus();
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() => expect(document.activeElement?.ariaLabel).toBe("Undo deleting kept"));
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() => expect(text(".run-chips li")).toBe(chip));
    vi.useFakeTimers();
    try {
      parts.store.deleteRun("gone");
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
    // Whether another tab writes the run is asked of the browser first.
    await vi.waitFor(() => expect(rank.calls).toContain("delete gone"));
    expect(rank.calls).not.toContain("delete kept");
    await vi.waitFor(() => expect(parts.store.leaving.value).toEqual([]));
    expect(parts.store.storedRuns.value.map(({ name }) => name)).toEqual(["kept"]);
  });
});

describe("ranks", () => {
  const field = (label: string) => {
    const found = [...root.querySelectorAll("label")].find((each) => each.textContent === label)!;
    return document.getElementById(found.htmlFor) as HTMLInputElement;
  };
  const tab = (name: string) =>
    [...root.querySelectorAll<HTMLElement>("[role=tab]")].find((each) => each.textContent?.startsWith(name))!;

  it("are 1 to the micro-batches of a step, and 1 where memory cannot be shared", async () => {
    expect(parts.setup.options(new Date(0)).ranks).toBe(1);
    await userEvent.fill(field("Ranks"), "4");
    expect(parts.setup.options(new Date(0)).ranks).toBe(4);
    await userEvent.fill(field("Ranks"), "5");
    expect(text(".rank-fields .problem")).toBe("Expected at most 4.");
    expect(parts.setup.options(new Date(0)).ranks).toBe(4);
    await userEvent.fill(field("Batch"), "6");
    await vi.waitFor(() => expect(text("#ranks-hint")).toContain("1 to 2"));
    expect(parts.setup.options(new Date(0)).ranks).toBe(2);
    // While the text is being typed, nothing is known and nothing forgotten.
    const { value } = parts.setup.text;
    parts.setup.text.value = "optim: [";
    await vi.waitFor(() => expect(field("Ranks").value).toBe("4"));
    parts.setup.text.value = value;
    await vi.waitFor(() => expect(field("Ranks").value).toBe("2"));
    parts.setup.isIsolated.value = false;
    await vi.waitFor(() => expect(field("Ranks").disabled).toBe(true));
    expect(field("Ranks").value).toBe("1");
    expect(text("#ranks-hint")).toContain("not cross-origin isolated");
    expect(parts.setup.options(new Date(0)).ranks).toBe(1);
  });

  it("may use both adapters of a machine that has two", async () => {
    const radio = (label: string) =>
      [...root.querySelectorAll("label")].find((each) => each.textContent === label)?.querySelector("input");
    await userEvent.fill(field("Ranks"), "2");
    expect(radio("Both")).toBeUndefined();
    parts.store.adapter.value = { kind: "found", name: "large", second: "small" };
    await vi.waitFor(() => expect(radio("Both")).toBeDefined());
    expect(parts.setup.options(new Date(0)).adapters).toBeUndefined();
    await userEvent.click(radio("Both")!.parentElement!);
    expect(parts.setup.options(new Date(0)).adapters).toBe("both");
  });

  it("are listed with their states and where each one's step goes", async () => {
    parts.setup.wantedRanks.value = 2;
    void start();
    await userEvent.click(tab("Ranks"));
    expect(text(".tab-panel")).toContain("are listed here");
    rank.say({ type: "rank", status: { rank: 1, state: "building", text: "compiling kernels" } });
    await vi.waitFor(() => expect(text(".rank-row")).toContain("Rank 1Buildingcompiling kernels"));
    rank.train(10);
    await vi.waitFor(() => expect(root.querySelectorAll(".rank-bar")).toHaveLength(2));
    expect([...root.querySelectorAll(".rank-state")].map((each) => each.textContent)).toEqual(["Training", "Training"]);
    const widths = [...root.querySelectorAll<HTMLElement>(".rank-bar [data-part=computeMs]")].map(
      (each) => each.getBoundingClientRect().width,
    );
    expect(widths[1] / widths[0]).toBeCloseTo(323 / 260, 1);
    const legend = () => text(".part-legend");
    expect(legend()).toContain("compute292");
    expect(legend()).toContain("overlap75 %");
    const bar = root.querySelectorAll<HTMLElement>(".rank-bar")[1];
    bar.focus();
    await vi.waitFor(() => expect(legend()).toContain("compute323"));
    expect(bar.ariaLabel).toContain("Rank 1, ");
    expect(bar.ariaLabel).toContain("compute 323");
    bar.blur();
    await vi.waitFor(() => expect(legend()).toContain("compute292"));
    await userEvent.hover(bar);
    await vi.waitFor(() => expect(legend()).toContain("compute323"));
    rank.finish(10, "done");
    await vi.waitFor(() => expect(text(".rank-row")).toContain("Rank 0EndedSwiftShader"));
    expect(root.querySelectorAll(".rank-bar")).toHaveLength(2);
  });

  it("fail with a notice that can be dismissed, and the run goes on", async () => {
    parts.setup.wantedRanks.value = 2;
    void start();
    rank.train(10);
    rank.lose(10);
    await vi.waitFor(() =>
      expect(text(".notice")).toContain("Rank 1: its worker ended in step 11; 1 of 2 ranks went on"),
    );
    expect(root.querySelectorAll("[role=alert] .banner")).toHaveLength(0);
    expect(text(".pill")).toContain("Training");
    rank.lose(12);
    rank.say({ type: "times", step: 13, times: stepTimes(1, 13) });
    await vi.waitFor(() => expect(text(".notice")).toContain("in step 13; 1 of 2 ranks went on from step 12"));
    expect(text(".notice")).toContain("1 fault before it.");
    expect(root.querySelectorAll(".notice")).toHaveLength(1);
    parts.store.go("inspect");
    await vi.waitFor(() => expect(root.querySelector(".page-inspect")).not.toBeNull());
    await userEvent.click(button("Show ranks"));
    await vi.waitFor(() => expect(root.querySelectorAll(".faults li")).toHaveLength(2));
    expect(text(".faults li")).toContain("step 12, 2 steps again, 2 → 1 rank");
    expect(text(".faults li")).toContain("Seen after 312 ms, training again 148 ms later");
    const rows = [...root.querySelectorAll(".rank-row")];
    expect(rows.map((row) => row.querySelector(".rank-bar") !== null)).toEqual([true, false]);
    expect(rows[1].textContent).toContain("Lostits worker ended");
    await userEvent.click(button("Dismiss the notice"));
    expect(root.querySelector(".notice")).toBeNull();
    expect(tab("Ranks").textContent).toBe("Ranks2 faults");
    rank.lose(20);
    await vi.waitFor(() => expect(text(".notice")).toContain("in step 21"));
    expect(text(".notice")).not.toContain("before it");
  });

  it("stand behind tabs that the arrow keys move through", async () => {
    tab("Log").focus();
    await userEvent.keyboard("{ArrowRight}");
    await vi.waitFor(() => expect(document.activeElement).toBe(tab("Runs")));
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    await vi.waitFor(() => expect(tab("Doctor").ariaSelected).toBe("true"));
    await userEvent.keyboard("{Home}");
    await vi.waitFor(() => expect(tab("Log").ariaSelected).toBe("true"));
    expect([...root.querySelectorAll<HTMLElement>("[role=tab]")].filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(
      1,
    );
    expect(rank.calls).toEqual([]);
  });
});

describe("the last evaluation", () => {
  const cells = (row: number) =>
    [...root.querySelectorAll(`.figures tbody tr:nth-child(${row}) > *`)].map((each) => each.textContent);

  it("shows every figure with its n, the baselines and the best so far", async () => {
    void start();
    rank.train(10);
    parts.store.showPanel("evaluation");
    const record = evaluationRecord(10);
    const { n } = record;
    const worse = { ...record, step: 20, mpjpe_mm: 99.94, pa_mpjpe_mm: 9.04, auc_joints: 0.625, f_5mm: 0.25 };
    rank.say({ type: "evaluation", record: { ...worse, n: { ...n, st_mpjpe_mm: 7, mpvpe_mm: 5 } } });
    await vi.waitFor(() => expect(text(".evaluation-says")).toContain("step 20, validation split"));
    expect(text(".evaluation-says")).toContain("Evaluated on 8 samples on 1 rank");
    expect(text(".evaluation-says")).toContain("Best PA-MPJPE 9.0 mm at step 20");
    expect(cells(1).slice(0, 6)).toEqual(["Root-relative", "99.9", "61.3", "52.6", "best so far: 0.625", "8"]);
    expect(cells(1).slice(8)).toEqual(["0.250", "0.500", "5"]);
    expect(cells(2).slice(0, 6)).toEqual(["Absolute", "0.5", "", "", "", "8"]);
    expect(cells(3)[5]).toBe("7");
    expect(cells(4).slice(0, 4)).toEqual(["Procrustes (PA)", "best so far: 9.0", "24.8", "19.4"]);
    expect(root.querySelector<HTMLElement>(".figures tbody td")!.title).toBe(
      `MPJPE, n = 8, best ${record.mpjpe_mm!.toFixed(1)} at step 10`,
    );
  });

  it("counts what is not finite and says why a figure is refused", async () => {
    parts.setup.wantedRanks.value = 4;
    void start();
    rank.train(10);
    parts.store.showPanel("evaluation");
    const none = { ...evaluationRecord(10), non_finite: 3, mpvpe_mm: null, refused: ["MPVPE: no sample has a mesh."] };
    rank.say({ type: "evaluation", record: none });
    await vi.waitFor(() => expect(text(".evaluation")).toContain("3 predictions not finite, in no figure"));
    expect(text(".evaluation-says")).toContain("from all 4 ranks");
    expect(text(".evaluation .sentences")).toBe("MPVPE: no sample has a mesh.");
    expect(cells(1)[6]).toBe("–");
  });
});

describe("a folder", () => {
  it("comes through a hidden input where the browser has no picker", async () => {
    const host = window as { showDirectoryPicker?: unknown };
    const picker = host.showDirectoryPicker;
    const click = vi.spyOn(HTMLInputElement.prototype, "click").mockImplementation(() => undefined);
    try {
      host.showDirectoryPicker = undefined;
      parts.setup.dataKind.value = "folder";
      await vi.waitFor(() => expect(button("Choose folder")).toBeDefined());
      await userEvent.click(button("Choose folder"));
      const input = root.querySelector<HTMLInputElement>('[aria-label="Folder to train on"]')!;
      expect(click.mock.contexts).toEqual([input]);
      expect(input.webkitdirectory).toBe(true);
      const files = new DataTransfer();
      files.items.add(new File(["x"], "a.txt"));
      input.files = files.files;
      input.dispatchEvent(new Event("change"));
      await vi.waitFor(() => expect(text(".drop")).toContain("1 files"));
    } finally {
      host.showDirectoryPicker = picker;
      click.mockRestore();
    }
  });
});

describe("stored runs", () => {
  it("of another tab are shown as such, and neither continued nor deleted here", async () => {
    rank.stored = ["ours", "theirs"].map((name) => ({ name, step: 7, sizeBytes: 1, savedAt: 0 }));
    const lock = await lockRun("theirs");
    await parts.store.refreshRuns();
    await vi.waitFor(() => expect(text(".runs")).toContain("theirs trained in another tab, step 7 stored"));
    expect(button("Continue ours")).toBeDefined();
    expect(button("Continue theirs")).toBeUndefined();
    expect(button("Delete theirs")).toBeUndefined();
    await lock.release();
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => expect(button("Delete theirs")).toBeDefined());
  });

  it("are not deleted when another tab began to train them within the time to undo", async () => {
    rank.stored = [{ name: "theirs", step: 7, sizeBytes: 1, savedAt: 0 }];
    await parts.store.refreshRuns();
    vi.useFakeTimers();
    const lock = await lockRun("theirs");
    try {
      parts.store.deleteRun("theirs");
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
    await vi.waitFor(() => expect(text(".banner")).toContain("another tab of this browser began to train it"));
    expect(rank.calls).toEqual([]);
    await lock.release();
  });

  it("that this tab trains stay its own", async () => {
    rank.stored = [{ name: "tiny-1", step: 7, sizeBytes: 1, savedAt: 0 }];
    const lock = await lockRun("tiny-1");
    void parts.store.start({ ...parts.setup.options(new Date(0)), name: "tiny-1" });
    rank.train(3);
    await parts.store.refreshRuns();
    await vi.waitFor(() => expect(button("Delete tiny-1").disabled).toBe(true));
    expect(text(".runs")).not.toContain("another tab");
    await lock.release();
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
    // Once: by the page, or by the app for all pages.
    const said = [parts.profile.problem.value, ...parts.store.problems.value].filter((each) => each !== undefined);
    expect(new Set(said)).toEqual(new Set(["no adapter"]));
    expect(parts.profile.busy.value).toBeUndefined();
  });
});

/** Pixels of a canvas that something was drawn on. */
function inked(canvas: HTMLCanvasElement): number {
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
  return count;
}
