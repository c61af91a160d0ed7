import { h, render } from "preact";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "uplot/dist/uPlot.min.css";
import "../../src/pages/styles/index.css";
import type { CropSet } from "../../src/data/crop-set";
import { memoryCrops } from "../../src/data/crop-set";
import { DataError } from "../../src/data/data-error";
import { readHandAsset } from "../../src/data/hand/asset";
import type { DataSummary } from "../../src/data/summary";
import { type SyntheticFrameSet, syntheticFrameSet } from "../../src/data/synthetic/frames";
import { ho3dFrameFiles, ho3dListFiles, ho3dParts } from "../../src/data/synthetic/write-ho3d";
import type { HandModel } from "../../src/data/types";
import { App, type Parts, partsOf } from "../../src/pages/app";
import { connectImport } from "../../src/pages/import-client";
import { keepData, keptData } from "../../src/pages/kept-folders";
import { connectRank } from "../../src/pages/rank-client";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { type ConfigField, Setup } from "../../src/pages/train/setup";
import type { ImportApi, ImportSource, SampleSet } from "../../src/ranks/import-api";
import { violations } from "../helpers/mounted-app";
import { renderedCrops, ScriptedImporter, storedSet } from "../helpers/scripted-importer";
import { ScriptedRank } from "../helpers/scripted-rank";

const FRAMES = 6;
/** As vitest's, but as patient as the test: a slow machine takes seconds for a summary. */
const waitFor = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 60_000, interval: 30 });

let hand: HandModel;
let crops: CropSet;
let parts: Parts;
let root: HTMLElement;
let unfollow: () => void = () => undefined;

beforeAll(async () => {
  hand = readHandAsset(await (await fetch("/openhand/openhand.safetensors")).arrayBuffer());
  crops = await renderedCrops(hand, FRAMES, 64);
  // axe reads colours at once; halfway through a transition they are neither the old nor the new ones.
  const still = document.createElement("style");
  still.textContent = "* { transition: none !important; animation: none !important; }";
  document.head.append(still);
  document.documentElement.lang = "en";
  document.title = "Handloom";
}, 120_000);

beforeEach(() => {
  location.hash = "#/train";
});

afterEach(() => {
  unfollow();
  render(null, root);
  root.remove();
});

async function show(importer: ImportApi): Promise<void> {
  const store = new Store(new ScriptedRank());
  const setup = new Setup();
  await setup.load();
  parts = partsOf(store, setup, importer);
  unfollow = store.followAddress();
  store.adapter.value = { kind: "found", name: "a test's adapter" };
  root = document.createElement("div");
  root.id = "app";
  document.body.append(root);
  render(h(App, parts), root);
}

const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const button = (name: string) => {
  // The page behind an open dialog has buttons of the same names.
  const found = [...(root.querySelector("dialog") ?? root).querySelectorAll("button")].find((each) =>
    (each.ariaLabel ?? each.textContent ?? "").trim().startsWith(name),
  );
  if (found === undefined) throw new Error(`there is no button "${name}"`);
  return found;
};
const label = (name: string) =>
  [...root.querySelectorAll("label")].find((each) => each.textContent?.trim().startsWith(name))!;

/** Cells of the grid whose picture, or whose sentence, is there. */
const painted = () => root.querySelectorAll("[role=gridcell]:not([hidden])[data-painted=true]");
const cell = (id: string) => {
  const all = [...root.querySelectorAll<HTMLElement>("[role=gridcell]")];
  return all.find((each) => each.querySelector(".sample-tile-id")?.textContent === id)!;
};
const pixelsOf = (canvas: HTMLCanvasElement) =>
  canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.join();

/** `set`, of which one sample cannot be read. */
const damagedAt = (set: CropSet, place: number): CropSet => ({
  ...set,
  read: (id) => (id === set.ids[place] ? Promise.reject(new DataError("shard 2 is damaged")) : set.read(id)),
});

/** The files of one frame of HO-3D v3, the picture made by the browser's own JPEG encoder. */
async function frameFiles(
  set: SyntheticFrameSet,
  id: string,
  split: "train" | "evaluation",
): Promise<[string, Uint8Array][]> {
  const { rgb } = await set.read(id);
  const canvas = new OffscreenCanvas(rgb.width, rgb.height);
  const image = new ImageData(rgb.width, rgb.height);
  for (let i = 0; i < rgb.width * rgb.height; i++) image.data.set([...rgb.data.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
  const written = [...(await ho3dFrameFiles(set, id, split, 2))];
  return Promise.all(
    written.map(async ([path, bytes]): Promise<[string, Uint8Array]> => {
      const isPicture = path.includes("/rgb/");
      return isPicture ? [path.replace(/png$/, "jpg"), new Uint8Array(await jpeg.arrayBuffer())] : [path, bytes];
    }),
  );
}

const chosenFiles: ImportSource = { kind: "files", name: "HO3D_v3", files: [] };

describe("the data-set dialog", () => {
  for (const wanted of ["light", "dark"] as const) {
    it(`has no axe violations in any of its views, ${wanted}`, async () => {
      if (theme.value !== wanted) toggleTheme();
      const importer = new ScriptedImporter(crops, hand);
      importer.stored = [
        storedSet("good"),
        storedSet("broken", {
          state: "damaged",
          damage: [{ shard: 2, kind: "damaged", frames: 9, sequences: ["ABF10"], message: "shard 2 is damaged" }],
        }),
      ];
      await show(importer);
      button("Data sets").click();
      await waitFor(() => expect(text(".set-list")).toContain("good"));
      expect(await violations()).toEqual([]);
      await parts.data.choose(() => chosenFiles);
      await waitFor(() => expect(text(".data-main")).toContain("55 of 55 sequences"));
      expect(await violations()).toEqual([]);
      void parts.data.start();
      await waitFor(() => expect(importer.calls.at(-1)).toMatch(/^start/));
      importer.progress();
      await waitFor(() => expect(text(".data-main")).toContain("22 min 18 s left"));
      expect(await violations()).toEqual([]);
      importer.finish();
      await waitFor(() => expect(text(".data-main")).toContain("image damaged"));
      expect(await violations()).toEqual([]);
      await parts.data.examine("broken");
      await waitFor(() => expect(painted()).toHaveLength(FRAMES));
      await waitFor(() => expect(root.querySelector(".set-measuring")).toBeNull());
      expect(await violations()).toEqual([]);
      cell(crops.ids[0]).click();
      await waitFor(() => expect(text(".closeup .facts")).toContain("1 of 6"));
      expect(await violations()).toEqual([]);
      for (const tab of ["Health", "Distributions", "Cameras and split"]) {
        label(tab).click();
        await waitFor(() => expect(root.querySelector(".sheet")).toBeNull());
        expect(await violations()).toEqual([]);
      }
    });
  }

  it("chooses sequences and says what they need", async () => {
    const importer = new ScriptedImporter(crops, hand);
    await show(importer);
    parts.data.open({ kind: "import" });
    await parts.data.choose(() => chosenFiles);
    await waitFor(() => expect(text(".foot-says")).toContain("47.1 GB of 85.6 GB"));
    label("55 of 55").click();
    await waitFor(() => expect(text(".foot-says")).toBe("Choose at least one sequence."));
    expect(button("Import").disabled).toBe(false);
    expect(root.querySelector<HTMLButtonElement>(".view-foot .primary")!.disabled).toBe(true);
    label("ABF10").click();
    await waitFor(() => expect(text(".foot-says")).toContain("1\u202f200 frames, needs 619.3 MB"));
    root.querySelector<HTMLButtonElement>(".view-foot .primary")!.click();
    await waitFor(() => expect(importer.calls.at(-1)).toBe("start HO3D_v3-train ABF10"));
  });

  it("pauses, resumes, says that the storage is full, and stops", async () => {
    const importer = new ScriptedImporter(crops, hand);
    await show(importer);
    parts.data.open({ kind: "import" });
    await parts.data.choose(() => chosenFiles);
    void parts.data.start();
    await waitFor(() => expect(importer.calls.at(-1)).toMatch(/^start/));
    importer.progress();
    await waitFor(() => button("Pause").click());
    await waitFor(() => expect(text(".data-main h3")).toBe("Paused"));
    button("Resume").click();
    await waitFor(() => expect(text(".data-main h3")).toBe("Importing"));
    importer.progress({ state: "full", message: "this browser's storage has no room for the next shard." });
    await waitFor(() => expect(text(".data-main")).toContain("no room for the next shard"));
    expect(button("Try again")).toBeDefined();
    button("Close").click();
    await waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    await waitFor(() => expect(text(".data-button")).toContain("importing, 25 %"));
    button("Data sets").click();
    await waitFor(() => expect(root.querySelector("dialog")).not.toBeNull());
    button("Stop").click();
    await waitFor(() => expect(text(".report")).toContain("Choose the same files again to go on"));
    expect(importer.calls.slice(1)).toEqual(["start HO3D_v3-train all", "pause", "resume", "cancel"]);
  });

  it("says in one sentence why files are no data set, and goes back to the choice", async () => {
    const importer = new ScriptedImporter(crops, hand);
    importer.fail = "photos: no train.txt and no JSON of labels, expected HO-3D or DexYCB.";
    await show(importer);
    parts.data.open({ kind: "import" });
    await parts.data.choose(() => chosenFiles);
    await waitFor(() => expect(text(".data-main .banner")).toContain("expected HO-3D or DexYCB"));
    expect(text(".data-main")).toContain("Drop a data set here");
  });

  it("deletes only after a second word, and checks a set", async () => {
    const importer = new ScriptedImporter(crops, hand);
    importer.stored = [storedSet("good")];
    await show(importer);
    parts.data.open();
    await parts.data.refresh();
    await parts.data.examine("good");
    await waitFor(() => button("Check").click());
    await waitFor(() => expect(text(".state-note")).toContain("512 shards equal their checksums"));
    button("Delete good").click();
    await waitFor(() => expect(document.activeElement?.textContent).toBe("Keep"));
    button("Keep").click();
    await waitFor(() => button("Delete good").click());
    await waitFor(() => expect(root.querySelector(".danger")).not.toBeNull());
    expect(importer.calls).not.toContain("remove good");
    root.querySelector<HTMLButtonElement>(".danger")!.click();
    await waitFor(() => expect(importer.calls.at(-1)).toBe("remove good"));
    await waitFor(() => expect(text(".set-list")).toContain("Nothing yet"));
  });

  it("shows the frames that a check points at, enlarges one, and all of it with the keyboard", async () => {
    const flipped = await crops.read(crops.ids[2]);
    const records = await Promise.all(crops.ids.map((id) => crops.read(id)));
    records[2] = { ...flipped, rgb: flipped.rgb.map(() => 80) };
    const importer = new ScriptedImporter(memoryCrops("planted", records), hand);
    importer.stored = [storedSet("planted")];
    await show(importer);
    parts.data.open({ kind: "set", name: "planted" });
    await waitFor(() => expect(text(".tabs-row")).toContain("Health (1)"));
    label("Health").click();
    await waitFor(() => expect(text(".checks")).toContain("1 frame of 6 are blank"));
    const shown = [...root.querySelectorAll<HTMLButtonElement>(".checks button")];
    expect(shown).toHaveLength(1);
    shown[0].focus();
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(painted()).toHaveLength(1));
    expect(cell(crops.ids[2]).textContent).toContain("sample 3");
    const grid = root.querySelector<HTMLElement>("[role=grid]")!;
    expect(grid.ariaLabel).toBe("1 sample of 6");
    grid.focus();
    await userEvent.keyboard("{ArrowRight}{Enter}");
    await waitFor(() => expect(text(".closeup")).toContain("Wrist at"));
    await waitFor(() => expect(root.querySelector(".closeup .hand-figure canvas")).not.toBeNull());
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(root.querySelector(".closeup")).toBeNull());
    expect(root.querySelector("dialog")).not.toBeNull();
  });

  it("shows all samples of a set before any is measured, and says in its place why one cannot be read", async () => {
    const importer = new ScriptedImporter(damagedAt(crops, 4), hand);
    importer.stored = [storedSet("hurt")];
    const measured = Promise.withResolvers<DataSummary>();
    importer.summary = () => measured.promise;
    await show(importer);
    parts.data.open({ kind: "set", name: "hurt" });
    await waitFor(() => expect(painted()).toHaveLength(FRAMES));
    expect(cell(crops.ids[0]).textContent).toContain("RGB-D, MANO");
    expect(cell(crops.ids[4]).textContent).toContain("shard 2 is damaged");
    // Canvases are looked at: the depth image is another picture, and without joints less is drawn.
    const seen = () => pixelsOf(cell(crops.ids[1]).querySelector("canvas")!);
    const colours = seen();
    const grid = root.querySelector<HTMLElement>("[role=grid]")!;
    grid.focus();
    await userEvent.keyboard("d");
    await waitFor(() => expect(seen()).not.toBe(colours));
    const depth = seen();
    await userEvent.keyboard("t");
    await waitFor(() => expect(seen()).not.toBe(depth));
    await userEvent.keyboard("{Home}{Control>}{End}{/Control}{ArrowLeft}{Enter}");
    await waitFor(() => expect(text(".closeup [role=alert]")).toContain("Sample 5 could not be read"));
    // The large picture goes along with the focus.
    await userEvent.keyboard("{ArrowLeft}");
    const facts = ["4 of 6", "Sequence", "px about", "colour and depth", "1 at 21 of 21 joints", "pose, shape"];
    for (const fact of facts) await waitFor(() => expect(text(".closeup .facts")).toContain(fact));
    button("Stop").click();
    await waitFor(() => expect(text(".set-measuring")).toContain("Measuring stopped"));
    expect(importer.calls).toContain("stop summary");
    label("Health").click();
    await waitFor(() => expect(text(".data-main")).toContain("The measuring was stopped"));
  });

  it("asks for pictures no more when it is told to stop, and goes on", async () => {
    const importer = new ScriptedImporter(crops, hand);
    const answers: (() => void)[] = [];
    const { tiles } = importer;
    importer.tiles = async (set, places, side) => {
      importer.calls.push(`tiles ${places.join(" ")}`);
      await new Promise<void>((resolve) => answers.push(resolve));
      return tiles.call(importer, set, places, side);
    };
    importer.stored = [storedSet("slow")];
    await show(importer);
    parts.data.open({ kind: "set", name: "slow" });
    await waitFor(() => expect(text(".sheet-reading")).toContain("Reading 6 pictures"));
    root.querySelector<HTMLButtonElement>(".sheet-reading button")!.click();
    await waitFor(() => expect(text(".sheet-reading")).toContain("Stopped"));
    root.querySelector<HTMLButtonElement>(".sheet-reading button")!.click();
    for (const answer of answers) answer();
    await waitFor(() => expect(painted()).toHaveLength(FRAMES));
    expect(root.querySelector(".sheet-reading")).toBeNull();
    importer.tiles = () => Promise.reject(new Error("the worker that imports stopped"));
    parts.data.examined.value = { ...parts.data.examined.value!, key: "another" };
    await waitFor(() => expect(text(".sheet-reading")).toContain("The worker that imports stopped"));
    importer.tiles = tiles;
    root.querySelector<HTMLButtonElement>(".sheet-reading button")!.click();
    await waitFor(() => expect(painted()).toHaveLength(FRAMES));
  });

  it("shows the frames that a synthetic run would render, and trains on them", async () => {
    const importer = new ScriptedImporter(crops, hand);
    const sets: SampleSet[] = [];
    const { ids } = importer;
    importer.ids = (set: SampleSet) => {
      sets.push(set);
      return ids.call(importer, set);
    };
    await show(importer);
    parts.setup.frames.value = 12;
    parts.setup.dataSeed.value = 5;
    button("Look at them").click();
    await waitFor(() => expect(painted()).toHaveLength(FRAMES));
    expect(text(".set-head")).toContain("12 frames of seed 5, rendered from OpenHand");
    expect(sets).toMatchObject([{ kind: "synthetic", frames: 12, seed: 5 }]);
    parts.setup.dataKind.value = "folder";
    button("Train on it").click();
    await waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    expect(parts.setup.dataKind.value).toBe("synthetic");
  });
});

/** A folder that this browser can keep, as it would one that a person picked. */
async function folderOf(name: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(name, { create: true });
  await folder.getFileHandle("train.txt", { create: true });
  return folder;
}

const gone = async (name: string): Promise<void> =>
  (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true });

const files = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([path, text]) => ({ path, bytes: new TextEncoder().encode(text) }));

describe("folders of an earlier visit", () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** A new visit: nothing is left but what the browser has stored. */
  async function again(importer: ScriptedImporter): Promise<void> {
    unfollow();
    render(null, root);
    root.remove();
    await show(importer);
  }

  async function visit(importer: ScriptedImporter): Promise<void> {
    await again(importer);
    importer.calls.length = 0;
    parts.data.open({ kind: "set", name: "half" });
    await waitFor(() => expect(text(".set-head")).toContain("half"));
  }

  it("let an import go on with a permission, and say when they have moved or may not be read", async () => {
    const importer = new ScriptedImporter(crops, hand);
    await show(importer);
    const folder = await folderOf("HO3D_kept");
    await parts.data.choose(() => ({ kind: "directory", handle: folder }));
    parts.data.name.value = "half";
    void parts.data.start();
    await waitFor(() => expect(importer.calls.at(-1)).toMatch(/^start half/));
    importer.stored = [storedSet("half", { state: "importing", kept: 3 })];
    await visit(importer);
    button("Continue").click();
    await waitFor(() => expect(text(".view-foot")).toContain("It goes on where it stopped"));
    expect(importer.calls).toEqual(["look"]);
    expect(parts.data.name.value).toBe("half");
    const stage = parts.data.stage.value;
    const source = stage.kind === "found" ? stage.source : undefined;
    expect(source?.kind === "directory" && (await source.handle.isSameEntry(folder))).toBe(true);

    await visit(importer);
    const handles = FileSystemHandle.prototype as unknown as { queryPermission(): Promise<PermissionState> };
    const asked = vi.spyOn(handles, "queryPermission").mockResolvedValue("denied");
    button("Continue").click();
    await waitFor(() => expect(text(".data-main .banner")).toContain("permission was denied. Allow it"));
    expect(text(".data-main")).toContain("Drop a data set here");
    asked.mockRestore();

    await visit(importer);
    await gone("HO3D_kept");
    button("Continue").click();
    await waitFor(() => expect(text(".data-main .banner")).toContain('The folder "HO3D_kept" is not where it was'));
    expect(importer.calls).toEqual([]);

    await parts.data.remove("half");
    expect(await keptData("set", "half")).toBeUndefined();
    importer.stored = [storedSet("half", { state: "importing", kept: 3 })];
    await visit(importer);
    button("Continue").click();
    await waitFor(() => expect(text(".drop-zone")).toContain("Choose half again: where its files are is not kept"));
    await keepData("set", "half", chosenFiles);
    await visit(importer);
    button("Continue").click();
    await waitFor(() => expect(text(".drop-zone")).toContain('Choose "HO3D_v3" (0 files) again'));
  });

  it("are there when a run on them is continued, and are forgotten with it", async () => {
    await show(new ScriptedImporter(crops, hand));
    const folder = await folderOf("HO3D_run");
    await parts.setup.takeFolder(() => ({
      ...{ name: folder.name, detail: "folder" },
      data: { kind: "directory", handle: folder },
    }));
    const options = parts.setup.options(new Date());
    void parts.store.start(options);
    await waitFor(async () => expect(await keptData("run", options.name)).toMatchObject({ name: "HO3D_run" }));
    const said = "HO3D_run, HO-3D v3; 60 samples to train on, 12 to validate on";
    const stored = files({ "config.yaml": parts.setup.text.value, "log.txt": `data: ${said}, batch 8\n` });

    await again(new ScriptedImporter(crops, hand));
    await parts.setup.useStored(options.name, 5, stored);
    await waitFor(() => expect(text(".drop")).toContain("HO3D_run, folder"));
    expect(text(".data-before")).toBe(`So far: ${said}.`);
    const { data } = parts.setup.options(new Date());
    expect(data.kind === "directory" && (await data.handle.isSameEntry(folder))).toBe(true);
    const start = vi.spyOn(parts.store.rank, "start");
    await gone("HO3D_run");
    root.querySelector<HTMLButtonElement>(".run-bar .primary")!.click();
    await waitFor(() => expect(text(".refused .problem")).toContain('The folder "HO3D_run" is not where it was'));
    expect(start).not.toHaveBeenCalled();
    await folderOf("HO3D_run");
    root.querySelector<HTMLButtonElement>(".run-bar .primary")!.click();
    await waitFor(() => expect(start).toHaveBeenCalled());

    // Files of a browser without handles, and runs from elsewhere: asked for again, never replaced by something else.
    await keepData("run", "elsewhere", { kind: "files", name: "HO3D_v3", files: [] });
    await parts.setup.useStored("elsewhere", 5, stored);
    expect(parts.setup.refused.folder.value).toContain('Choose "HO3D_v3" (0 files) again');
    await parts.setup.useStored("imported", 5, stored);
    expect(parts.setup.refused.folder.value).toContain("Where its files are is not kept in this browser");
    expect(parts.setup.problems.value).toEqual(["Choose the folder of a data set, or train on synthetic hands."]);
    await keepData("run", "on-a-set", { kind: "stored", name: "HO3D_v3-train" });
    await parts.setup.useStored("on-a-set", 5, stored);
    expect(parts.setup.options(new Date()).data).toEqual({ kind: "stored", name: "HO3D_v3-train" });

    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    parts.store.deleteRun("on-a-set");
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    await waitFor(async () => expect(await keptData("run", "on-a-set")).toBeUndefined());
  });
});

describe("the importing worker", () => {
  it("imports a v3 tree into this browser, shows it and trains a step on it", async () => {
    const set = syntheticFrameSet(hand, { frames: FRAMES, seed: 9 });
    const ids = ho3dParts(set);
    const files = [...ho3dListFiles(set, ids)];
    for (const [split, members] of Object.entries(ids) as [keyof typeof ids, readonly string[]][]) {
      for (const id of members) files.push(...(await frameFiles(set, id, split)));
    }
    const source: ImportSource = {
      kind: "files",
      name: "HO3D_v3",
      files: files.map(([path, bytes]) => ({ path, file: new File([bytes as Uint8Array<ArrayBuffer>], path) })),
    };
    const importer = connectImport();
    for (const { name } of await importer.sets()) await importer.remove(name);
    await show(importer);
    parts.data.open({ kind: "import" });
    await parts.data.choose(() => source);
    expect(parts.data.problem.value).toBe("");
    await waitFor(() => expect(text(".data-main")).toContain("HO-3D v3"));
    expect(text(".data-main")).toContain(`The files name ${ids.train.length} frames`);
    await parts.data.start();
    expect(parts.data.problem.value).toBe("");
    await waitFor(() => expect(text(".report")).toContain("Imported"));
    expect(text(".tally")).toContain(`Kept${ids.train.length}`);
    await parts.data.examine("HO3D_v3-train");
    expect(parts.data.examined.value?.problem).toBeUndefined();
    const checks = parts.data.examined.value!.summary!.checks;
    expect(checks.filter(({ verdict }) => verdict === "bad")).toEqual([]);
    expect(checks.find(({ name }) => name === "mano")).toMatchObject({ verdict: "good" });
    await waitFor(() => expect(painted()).toHaveLength(ids.train.length));
    const rendered = { kind: "synthetic", frames: 3, seed: 2, options: parts.setup.importOptions() } as const;
    expect(await importer.ids(rendered)).toHaveLength(3);
    const [tile] = await importer.tiles(rendered, [2], 48);
    expect(tile).toMatchObject({ kind: "sample", index: 2, hasDepth: true, hasMano: true });
    const stopped = importer.summary({ ...rendered, frames: 300 }, parts.setup.summaryRequest(), (done) => {
      if (done === 1) void importer.stopReading("summary");
    });
    await expect(stopped).rejects.toThrow("the summary was stopped");
    expect(await importer.check("HO3D_v3-train", () => undefined)).toEqual([]);
    button("Train on it").click();
    await waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    expect(parts.setup.options(new Date(0)).data).toEqual({ kind: "stored", name: "HO3D_v3-train" });
    expect(root.querySelector<HTMLSelectElement>(".stored-chooser select")!.value).toBe("HO3D_v3-train");
    for (const [field, value] of Object.entries({ steps: 1, batch: 2, warmupSteps: 0, evaluateEvery: 1 })) {
      parts.setup.setField(field as ConfigField, value);
    }
    const run = new Store(connectRank());
    await run.start(parts.setup.options(new Date()));
    expect(run.problems.value).toEqual([]);
    expect(run.history.lastStep).toMatchObject({ step: 1, samples: 2 });
    await importer.remove("HO3D_v3-train");
    expect((await importer.sets()).map(({ name }) => name)).not.toContain("HO3D_v3-train");
  }, 300_000);
});
