import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import type { Parts } from "../../src/pages/app";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { type MountedApp, mountApp, violations } from "../helpers/mounted-app";
import { diagnoses, ScriptedRank } from "../helpers/scripted-rank";

let rank: ScriptedRank;
let parts: Parts;
let root: HTMLElement;
let app: MountedApp;

beforeEach(async () => {
  location.hash = "#/train";
  rank = new ScriptedRank();
  const store = new Store(rank);
  app = await mountApp(store);
  ({ parts, root } = app);
});

afterEach(() => {
  app.close();
});

const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const button = (name: string, within: Element = root) =>
  [...within.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;
const start = () => parts.store.start(parts.setup.options(new Date(0)));
const tab = () => [...root.querySelectorAll<HTMLElement>("[role=tab]")].find((each) => each.id.endsWith("-doctor"))!;
const entries = () => [...root.querySelectorAll(".entry")].map((each) => each.textContent);

describe("findings of a run", () => {
  it("are announced above the page, and shown in full", async () => {
    void start();
    rank.train(5);
    rank.say({ type: "findings", diagnoses: diagnoses() });
    await vi.waitFor(() => expect(text(".finding-notice")).toContain("16 of 21 joints are compared with others"));
    expect(text(".finding-notice")).toContain("What to do: Permute");
    expect(text(".finding-notice")).not.toContain("stopped");
    expect(tab().textContent).toBe("Doctor3, 1 fatal");
    await userEvent.click(button("Show all 2"));
    expect(entries()).toEqual([
      "FatalThe joints of prediction and ground truth are in different orders",
      "SeriousValidation shares its sequences with training",
      "NoteBoxes come from the labels",
    ]);
    // In full below, so the notice is its title.
    expect(text(".finding-notice")).not.toContain("What to do");
    const cells = [...root.querySelectorAll(".evidence tbody tr:first-child > *")].map((each) => each.textContent);
    expect(cells).toEqual(["mean error, joint by joint", "41.23 mm", "below 1", "168"]);
    expect(text(".finding-causes")).toContain("thumb last");
    await userEvent.click([...root.querySelectorAll("summary")].find((each) => each.textContent === "Explain")!);
    await vi.waitFor(() => expect(text(".finding-fold[open]")).toContain("Mechanism. "));
    await userEvent.click(button("SeriousValidation shares its sequences with training"));
    await vi.waitFor(() => expect(text(".finding h3")).toContain("Validation shares"));
    await userEvent.click(button("Dismiss the findings' notice"));
    expect(root.querySelector(".finding-notice")).toBeNull();
    rank.say({ type: "findings", diagnoses: [{ ...diagnoses()[1], id: "another" }] });
    await vi.waitFor(() => expect(text(".finding-notice")).toContain("Serious"));
  });

  it("that are none are said quietly", async () => {
    void start();
    rank.train(2);
    parts.store.showPanel("doctor");
    await vi.waitFor(() => expect(text(".doctor-list")).toContain("what is found stands here"));
    rank.say({ type: "findings", diagnoses: [] });
    await vi.waitFor(() => expect(text(".calm")).toContain("No findings"));
    expect(tab().textContent).toBe("Doctornone");
    expect(root.querySelector(".finding-notice")).toBeNull();
  });

  it("that end the run leave a state that says so, with the ways out", async () => {
    void start();
    rank.train(4);
    rank.condemn(4);
    await vi.waitFor(() => expect(text(".pill")).toContain("Stopped by the doctor"));
    expect(text(".progress-what")).toContain("was stopped by the doctor after step 4");
    const notice = root.querySelector(".finding-notice")!;
    expect(notice.textContent).toContain("The doctor stopped the run: The joints");
    await vi.waitFor(() => expect(button("Apply to the set-up", notice).disabled).toBe(false));
    await userEvent.click(button("Apply to the set-up", notice));
    await vi.waitFor(() => expect(notice.textContent).toContain("Applied to the set-up: optim.clip=0.5"));
    expect(parts.setup.reading.value.config?.optim.clip).toBe(0.5);
    expect(button("Apply to the set-up", notice)).toBeUndefined();
    await userEvent.click(button("Ignore for the next run", notice));
    expect(parts.setup.options(new Date(0)).ignore).toEqual(["joint-order"]);
    parts.store.showPanel("doctor");
    await vi.waitFor(() => expect(button("Tell joint-order again")).toBeDefined());
    await userEvent.click(button("Tell joint-order again"));
    expect(parts.setup.options(new Date(0)).ignore).toBeUndefined();
    void start();
    rank.train(2);
    await vi.waitFor(() => expect(text(".pill")).toContain("Training"));
    expect(root.querySelector(".finding-notice")).toBeNull();
  });

  it("that end it before its first step say so", async () => {
    void start();
    rank.condemn(0);
    await vi.waitFor(() =>
      expect(text(".progress-what")).toBe("The run was stopped by the doctor before its first step"),
    );
    expect(text(".finding-notice")).toContain("The doctor stopped the run");
  });

  it("do not blame the doctor for a person's stop", async () => {
    void start();
    rank.train(4);
    rank.say({ type: "findings", diagnoses: diagnoses() });
    await parts.store.stop();
    await vi.waitFor(() => expect(text(".pill")).toContain("Finished"));
    expect(text(".finding-notice")).not.toContain("stopped the run");
  });

  it("lead to the sample that shows them", async () => {
    rank.runFiles = [{ path: "splits/train.txt", bytes: new TextEncoder().encode("synthetic/0001\nsynthetic/0003\n") }];
    rank.inspector = { look: () => new Promise(() => undefined) };
    void start();
    rank.train(4);
    rank.say({ type: "findings", diagnoses: diagnoses() });
    parts.store.showPanel("doctor");
    const link = await vi.waitUntil(() => root.querySelector<HTMLAnchorElement>(".finding-samples a"));
    await userEvent.click(link);
    await vi.waitFor(() => expect(rank.calls.join()).toContain('look [{"split":"train","index":1,'));
    expect(parts.inspect.problem.value).toBeUndefined();
    expect(parts.store.problems.value).toEqual([]);
  });
});

describe("a training log", () => {
  const drop = (files: readonly File[], target: Element) => {
    const dataTransfer = new DataTransfer();
    for (const file of files) dataTransfer.items.add(file);
    for (const type of ["dragover", "drop"])
      target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  };
  const metrics = () => {
    const losses = { loss_2d: 0.2, loss_3d_joint: 0.04, loss_3d_vert: 0.04, shape_prior: 0, loss_aux: 0.3 };
    const lines = Array.from({ length: 40 }, (_, i) =>
      JSON.stringify({
        ...{ step: i + 1, epoch: 0, split: "train", lr: 1e-4, lr_backbone: 1e-4, grad_norm: 1, clipped: false },
        ...{ non_finite: 0, samples: 8, in_map_share: 0.97, ms: 10, host_ms: 1, ranks: 1 },
        losses: { ...losses, total_loss: 0.6 / (i + 1) },
      }),
    );
    return new File([lines.join("\n")], "metrics.jsonl");
  };

  it("that is dropped is read, with its findings and curves", async () => {
    drop([metrics()], root.querySelector(".centre")!);
    await vi.waitFor(() => expect(entries().join()).toContain("Curves"), { timeout: 20_000 });
    expect(text(".doctor-list")).toContain("What this log does not say");
    await userEvent.click([...root.querySelectorAll<HTMLElement>(".entry")].at(-1)!);
    await vi.waitFor(() => expect(text(".curves")).toContain("train/total_loss"));
    expect(text(".finding-head")).toContain("Handloom");
    const row = [...root.querySelectorAll(".curves tbody tr")].find((each) =>
      each.textContent?.includes("total_loss"),
    )!;
    expect(row.querySelector("path")!.getAttribute("d")).toMatch(/^M0\.0 1\.0L.* 19\.0$/);
    await userEvent.click(button("Close the log"));
    expect(entries()).toEqual([]);
  });

  it("that is none says so, chosen with the button", async () => {
    parts.store.showPanel("doctor");
    await vi.waitFor(() => expect(button("Read a log")).toBeDefined());
    const input = root.querySelector<HTMLInputElement>('[aria-label="Training logs"]')!;
    const files = new DataTransfer();
    files.items.add(new File(["Dear diary\n"], "diary.txt"));
    input.files = files.files;
    input.dispatchEvent(new Event("change"));
    await vi.waitFor(() => expect(text(".log-why")).toContain("This is no training log: diary.txt"), {
      timeout: 20_000,
    });
    expect(text(".log-why")).toContain("| Dear diary");
  });

  it("of 100,000 lines is read beside the page, and can be given up", async () => {
    parts.store.showPanel("doctor");
    await vi.waitFor(() => expect(button("Read a log")).toBeDefined());
    const line = (step: number) =>
      JSON.stringify({ step, epoch: 0, split: "train", lr: 1e-4, grad_norm: 1, losses: { total_loss: 1 / step } });
    const lines = Array.from({ length: 100_000 }, (_, i) => line(i + 1));
    const long = new File([lines.join("\n")], "metrics.jsonl");
    const reading = parts.doctor.read([long]);
    await vi.waitFor(() => button("Stop reading").click(), { timeout: 20_000, interval: 10 });
    await reading;
    expect(parts.doctor.reading.value).toBeUndefined();
    expect(parts.doctor.log.value).toBeUndefined();
    await parts.doctor.read([long]);
    expect(parts.doctor.log.value?.runs[0].place).toContain("lines 1 to 100000");
    parts.doctor.closeLog();
  });

  it("is not what other drop zones take", async () => {
    drop([new File(["x"], "MANO_RIGHT.txt")], root.querySelector(".hand-chooser")!);
    await vi.waitFor(() => expect(text(".hand-chooser")).toContain("neither .pkl nor .npz"));
    expect(parts.doctor.reading.value).toBeUndefined();
    expect(parts.store.panel.value).toBe("log");
  });
});

describe("the doctor's tab", () => {
  for (const wanted of ["light", "dark"] as const) {
    it(`has no axe violations, ${wanted}`, async () => {
      if (theme.value !== wanted) toggleTheme();
      parts.store.showPanel("doctor");
      void start();
      rank.train(4);
      expect(await violations()).toEqual([]);
      rank.condemn(4);
      await vi.waitFor(() => expect(text(".pill")).toContain("Stopped by the doctor"));
      for (const each of root.querySelectorAll<HTMLDetailsElement>(".finding details")) each.open = true;
      await vi.waitFor(() => expect(text(".finding-fold:last-child")).toContain("Mechanism"), { timeout: 20_000 });
      await parts.doctor.read([new File(["Dear diary\n"], "diary.txt")]);
      expect(await violations()).toEqual([]);
    });
  }
});
