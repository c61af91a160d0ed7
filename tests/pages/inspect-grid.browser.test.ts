/** The table of samples with 5,000 of them, as a person scrolls, filters, sorts and opens. */
import { h, render } from "preact";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import "../../src/pages/styles/index.css";
import { StoreProvider } from "../../src/pages/context";
import { gridOf } from "../../src/pages/inspect/grid-state";
import { InspectPage } from "../../src/pages/inspect/page";
import { InspectState } from "../../src/pages/inspect/state";
import { Store } from "../../src/pages/store";
import { theme, toggleTheme } from "../../src/pages/theme";
import { Setup } from "../../src/pages/train/setup";
import type { SampleScoresTable, SampleTable, SplitName } from "../../src/train/inspect/types";
import { violations } from "../helpers/mounted-app";
import { runInfo, ScriptedRank, sampleView } from "../helpers/scripted-rank";

const N = 5000;
const SEQUENCES = 20;
const PER_SEQUENCE = N / SEQUENCES;
const PICTURES = Array.from({ length: 8 }, (_, i) => sampleView("val", i, 30));

const sequences = Array.from({ length: SEQUENCES }, (_, i) => `hand${String(i).padStart(2, "0")}`);
const ids = Array.from(
  { length: N },
  (_, i) => `${sequences[Math.floor(i / PER_SEQUENCE)]}/${String(i).padStart(4, "0")}`,
);
/** Distinct, from 5 to 105 mm. */
const errors = Float32Array.from(ids, (_, i) => 5 + (((i * 1237 + 3000) % N) / N) ** 2 * 100);
const worst = [...errors.keys()].sort((a, b) => errors[b] - errors[a]);

const columns = ["mpjpe_mm", "pa_mpjpe_mm", "loss_2d", "total_loss", "without_depth.mpjpe_mm"];
const scores: SampleScoresTable = {
  ...{ step: 10, epoch: 1, columns },
  values: Float32Array.from({ length: N * columns.length }, (_, k) => {
    const i = Math.floor(k / columns.length);
    return errors[i] * [1, 0.4, 0.01, 0.05, 1.2][k % columns.length];
  }),
};

function samples(split: SplitName, from = 0, to = N): SampleTable {
  const of = <T extends Uint8Array | Uint16Array | Float32Array>(array: T, value: (i: number) => number): T => {
    for (let i = 0; i < array.length; i++) array[i] = value(from + i);
    return array;
  };
  return {
    ...{ split, total: N, from, ids: ids.slice(from, to), sequences },
    sequence: of(new Uint16Array(to - from), (i) => Math.floor(i / PER_SEQUENCE)),
    hasDepth: of(new Uint8Array(to - from), (i) => Number(i % 4 !== 0)),
    hasMano: new Uint8Array(to - from).fill(1),
    outsideShare: new Float32Array(to - from),
    confidence: of(new Float32Array(to - from), (i) => 1 - (i % 5) / 21),
    occlusion: of(new Float32Array(to - from), (i) => (i % 4 === 0 ? Number.NaN : (i % 11) / 21)),
    scores:
      split === "val"
        ? { ...scores, values: scores.values.slice(from * columns.length, to * columns.length) }
        : undefined,
  };
}

function inspectorOf(): ScriptedRank["inspector"] {
  return {
    samples: async (split, from, to) => samples(split, from, to),
    thumbnails: async (_, places) =>
      places.map((index) => {
        const { rgb, depth, jointsTrue: joints, confidence, width, height } = PICTURES[index % PICTURES.length];
        const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
        for (let i = 0; i < width * height; i++) rgba.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
        return { index, id: ids[index], width, height, rgba, depth: new Uint8ClampedArray(depth!), joints, confidence };
      }),
    predict: async (_, places) =>
      places.map((index) => {
        const { jointsPredicted: joints, vertices, width, height } = PICTURES[index % PICTURES.length];
        const jointErrorsMm = new Float32Array(21).fill(errors[index]);
        const [mpjpe_mm, pa_mpjpe_mm] = [errors[index], 0.4 * errors[index]];
        return {
          index,
          id: ids[index],
          step: 10,
          width,
          height,
          joints,
          vertices,
          jointErrorsMm,
          mpjpe_mm,
          pa_mpjpe_mm,
        };
      }),
    look: () => new Promise(() => undefined),
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const filesOf = () => [
  { path: "splits/val.txt", bytes: bytes(`${ids.join("\n")}\n`) },
  { path: "splits/train.txt", bytes: bytes(`${ids.slice(0, 40).join("\n")}\n`) },
  {
    path: "scores.json",
    bytes: bytes(
      JSON.stringify({
        ...{ step: 10, epoch: 1, ids, columns },
        rows: ids.map((_, i) => Array.from(scores.values.subarray(i * columns.length, (i + 1) * columns.length))),
      }),
    ),
  },
];

let rank: ScriptedRank;
let store: Store;
let state: InspectState;
let root: HTMLElement;
let unfollow: () => void;

const waitFor = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 8_000, interval: 20 });
const grid = () => root.querySelector<HTMLElement>("[role=grid]")!;
const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const shown = () =>
  [...root.querySelectorAll<HTMLElement>("[role=row]")]
    .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
    .flatMap((row) => [...row.querySelectorAll<HTMLElement>("[data-place]:not([hidden])")])
    .map((cell) => Number(cell.dataset.place));
const button = (name: string) =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim() === name)!;

async function goTo(address: string): Promise<void> {
  location.hash = address;
  await waitFor(() => expect(text(".grid-count strong")).toContain("samples"));
}

beforeAll(async () => {
  await page.viewport(1280, 800);
  location.hash = "#/inspect";
  rank = new ScriptedRank();
  rank.inspector = inspectorOf();
  rank.runFiles = filesOf();
  rank.stored = [{ name: "yesterday", step: 10, sizeBytes: 1, savedAt: 0 }];
  rank.filesOf.set("yesterday", filesOf());
  store = new Store(rank);
  const setup = new Setup();
  await setup.load();
  state = new InspectState(store, setup);
  unfollow = store.followAddress();
  store.adapter.value = { kind: "found", name: "a test's adapter" };
  root = document.createElement("main");
  root.className = "page page-inspect";
  root.id = "app";
  document.body.append(root);
  document.documentElement.lang = "en";
  document.title = "Handloom";
  const still = document.createElement("style");
  still.textContent =
    "* { transition: none !important; animation: none !important; } #app { height: 100vh; } body { margin: 0; }";
  document.head.append(still);
  const options = setup.options(new Date(0));
  void store.start(options);
  rank.say({ type: "started", run: { ...runInfo(options, 20), valSamples: N } });
  render(h(StoreProvider, { value: store, children: h(InspectPage, { state }) }), root);
  await waitFor(() => expect(store.hasPlan.value && text(".grid-count strong")).toContain("of"));
  await waitFor(() => expect(root.querySelector(".grid-progress")).toBeNull());
});

afterAll(() => {
  unfollow();
  render(null, root);
  root.remove();
});

beforeEach(() => {
  rank.calls.length = 0;
});

describe("a table of 5,000 samples", () => {
  it("shows the worst first, draws the rows on the screen only, and fetches their pictures", async () => {
    expect(text(".grid-count strong")).toBe("5\u202f000 of 5\u202f000 samples");
    expect(shown().slice(0, 12)).toEqual(worst.slice(0, 12));
    const tiles = root.querySelectorAll("[role=gridcell]").length;
    expect(tiles).toBeGreaterThan(30);
    expect(tiles).toBeLessThan(150);
    expect(Number(grid().getAttribute("aria-rowcount"))).toBe(
      Math.ceil(N / Number(grid().getAttribute("aria-colcount"))),
    );
    await waitFor(() => expect(root.querySelectorAll("[data-painted=false]:not([hidden])").length).toBe(0));
    const first = root.querySelector<HTMLElement>(`[data-place="${worst[0]}"]`)!;
    expect(first.textContent).toBe(`${ids[worst[0]]} sample ${worst[0]}, MPJPE ${errors[worst[0]].toFixed(1)} mm`);
    const canvas = first.querySelector("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    expect(new Set(new Uint32Array(data.buffer)).size).toBeGreaterThan(50);
  });

  it("scrolls to its end, and asks for what is seen there alone", async () => {
    grid().scrollTop = grid().scrollHeight;
    await waitFor(() => expect(shown().at(-1)).toBe(worst.at(-1)));
    await waitFor(() => expect(root.querySelectorAll("[data-painted=false]:not([hidden])").length).toBe(0));
    const asked = rank.calls
      .filter((call) => call.startsWith("thumbnails"))
      .flatMap((call) => call.split(" ")[2].split(","));
    expect(asked.length).toBeLessThan(150);
    expect(asked.map(Number)).toContain(worst.at(-1));
    // For docs/results.md with VITE_GRID_FRAMES=200.
    const frames = Number(import.meta.env.VITE_GRID_FRAMES ?? 10);
    const element = grid();
    element.scrollTop = 0;
    let last = await new Promise<number>(requestAnimationFrame);
    const start = last;
    let longest = 0;
    for (let frame = 0; frame < frames; frame++) {
      element.scrollTop += 60;
      const time = await new Promise<number>(requestAnimationFrame);
      longest = Math.max(longest, time - last);
      last = time;
    }
    const mean = (last - start) / frames;
    console.info(
      `grid of ${N}: ${mean.toFixed(2)} ms a frame while scrolling 60 px each, mean of ${frames}, longest ${longest.toFixed(1)} ms, ${innerWidth} x ${innerHeight}`,
    );
    expect(element.scrollTop).toBe(60 * frames);
  });

  it("is filtered by dragging over a histogram, by sequence and modality, and counts", async () => {
    const plot = root.querySelector<HTMLElement>('[data-column="mpjpe_mm"] .range-plot')!;
    const { left, top, width } = plot.getBoundingClientRect();
    const point = (share: number, type: string) =>
      plot.dispatchEvent(
        new PointerEvent(type, { clientX: left + share * width, clientY: top + 5, pointerId: 1, bubbles: true }),
      );
    vi.spyOn(plot, "setPointerCapture").mockImplementation(() => undefined);
    point(0.5, "pointerdown");
    point(0.7, "pointermove");
    point(1.1, "pointerup");
    // Half of an axis to 120 mm.
    const many = errors.filter((error) => error >= 60).length;
    const number = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
    await waitFor(() => expect(text(".grid-count strong")).toBe(`${number(many)} of 5\u202f000 samples`));
    expect(text('[data-column="mpjpe_mm"] .range-ends')).toContain(`n = ${number(many)} of 5\u202f000`);
    expect(location.hash).toContain("range=mpjpe_mm%7E60%7E");

    root.querySelector<HTMLInputElement>(".grid-sequences li:nth-child(4) input")!.click();
    const some = ids.filter((id, i) => errors[i] >= 60 && id.startsWith("hand03/")).length;
    await waitFor(() => expect(text(".grid-count strong")).toBe(`${some} of 5\u202f000 samples`));
    await waitFor(() => expect(location.hash).toContain("seq=hand03"));
    const handle = root.querySelector<HTMLElement>('[aria-label="MPJPE from"]')!;
    handle.focus();
    await userEvent.keyboard("{ArrowRight}");
    await waitFor(() => expect(location.hash).not.toContain("range=mpjpe_mm%7E60%7E"));

    expect(await violations()).toEqual([]);
    await userEvent.click(button("Reset filters"));
    await waitFor(() => expect(text(".grid-count strong")).toBe("5\u202f000 of 5\u202f000 samples"));
  });

  it("is sorted by what is chosen, moved in with the keys and opened; J and K follow its order", async () => {
    await userEvent.selectOptions(root.querySelector<HTMLSelectElement>(".pick select")!, "occlusion");
    await waitFor(() => expect(shown()[0] % 11).toBe(10));
    await userEvent.selectOptions(root.querySelector<HTMLSelectElement>(".pick select")!, "total_loss");
    await waitFor(() => expect(shown().slice(0, 3)).toEqual(worst.slice(0, 3)));
    grid().scrollTop = 0;
    grid().focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    const at = () => root.querySelector(`#${grid().getAttribute("aria-activedescendant")}`) as HTMLElement;
    await waitFor(() => expect(Number(at().dataset.place)).toBe(worst[1]));
    await waitFor(() => expect(text(".grid-focus")).toContain(ids[worst[1]]));
    await userEvent.keyboard("{Control>}{End}{/Control}");
    await waitFor(() => expect(Number(at().dataset.place)).toBe(worst.at(-1)));
    await userEvent.keyboard("{Control>}{Home}{/Control}{ArrowRight}{Enter}");
    await waitFor(() => expect(location.hash).toContain(`index=${worst[1]}&`));
    await waitFor(() => expect(text(".toolbar-says")).toContain("2 of 5\u202f000 in the table"));
    (document.activeElement as HTMLElement).blur();
    await userEvent.keyboard("j");
    await waitFor(() => expect(state.index.value).toBe(worst[2]));
    await userEvent.keyboard("kk");
    await waitFor(() => expect(state.index.value).toBe(worst[0]));
    // A reload finds the order by the address.
    expect(location.hash).toContain("sort=total_loss&dir=down");
    const reloaded = new Store(rank);
    const leave = reloaded.followAddress();
    reloaded.run.value = store.run.value;
    reloaded.state.value = "running";
    const again = new InspectState(reloaded);
    const table = gridOf(again);
    await waitFor(() => expect(again.order.value?.places.slice(0, 3)).toEqual(worst.slice(0, 3)));
    expect(table.isShown.value).toBe(false);
    leave();
    reloaded.run.value = undefined;
    await userEvent.keyboard("g");
    await waitFor(() => expect(location.hash).toContain("sort=total_loss&dir=down"));
    await waitFor(() => expect(Number(at().dataset.place)).toBe(worst[1]));
  });

  it("is clean for axe in both themes, with other sizes and error heat", async () => {
    await userEvent.keyboard("h");
    await userEvent.click(root.querySelector<HTMLElement>('.grid-toolbar [title="Small"]')!);
    await waitFor(() => expect(location.hash).toContain("tile=96"));
    await waitFor(() => expect(root.querySelectorAll("[data-painted=false]:not([hidden])").length).toBe(0));
    const before = theme.value;
    for (const _ of ["one", "other"]) {
      expect(await violations()).toEqual([]);
      toggleTheme();
    }
    expect(theme.value).toBe(before);
  });

  it("tells a failure in a sentence and tries again", async () => {
    rank.inspector = { ...inspectorOf(), predict: () => Promise.reject(new Error("the network is gone")) };
    await userEvent.click(button("Predict again"));
    await waitFor(() =>
      expect(text("[role=alert]")).toContain("The predictions could not be made: the network is gone"),
    );
    rank.inspector = inspectorOf();
    rank.calls.length = 0;
    await userEvent.click(button("Try again"));
    await waitFor(() => expect(rank.calls.filter((call) => call.startsWith("predict")).length).toBeGreaterThan(1));
    expect(text("[role=alert]")).toBe("");
  });

  it("asks once for the scores of a new evaluation", async () => {
    rank.evaluate(20);
    await waitFor(() => expect(rank.calls.filter((call) => call.startsWith("samples"))).toHaveLength(1));
    rank.say({ type: "log", line: "a line" });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(rank.calls.filter((call) => call.startsWith("samples"))).toHaveLength(1);
  });

  it("shows a stored run's scores without a network, and a sample's numbers", async () => {
    await goTo("#/inspect?run=yesterday&sort=mpjpe_mm&dir=up");
    await waitFor(() => expect(text(".grid-note")).toContain("This run is stored: its scores of step 10 are here"));
    await waitFor(() => expect(shown()[0]).toBe(worst.at(-1)));
    expect(root.querySelector(".sample-tile canvas")).toBeNull();
    expect(rank.calls.filter((call) => /thumbnails|predict|samples/.test(call))).toEqual([]);
    grid().focus();
    await userEvent.keyboard("{ArrowRight}{Enter}");
    await waitFor(() => expect(text("dialog")).toContain("MPJPE without depth6.0 mm"));
    expect(await violations()).toEqual([]);
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    // One that was kept is marked, and opens from its file; another one may be looked at once the run is open.
    const [first, second] = [worst.at(-1)!, worst.at(-2)!];
    rank.kept.set(`yesterday val-${first}`, { view: { split: "val", index: first } as never, about: {} as never });
    await state.kept.find("yesterday");
    await waitFor(() => expect(root.querySelector("[data-marked=true]")).toHaveProperty("dataset.place", `${first}`));
    expect(text(".grid-note")).toContain("1 sample with a star was kept with all stages and opens at once");

    gridOf(state).open(second);
    await waitFor(() => expect(text("dialog")).toContain("This sample was not kept"));
    expect(button("Open this run, yesterday. A run is loaded: stop it first (Train page, S)").disabled).toBe(true);
    gridOf(state).open(first);
    await waitFor(() => expect(location.hash).toContain(`run=yesterday&kept=val-${first}&stage=crop&sort=mpjpe_mm`));
    location.hash = "#/inspect?run=nobody";
    rank.filesOf.set("nobody", []);
    await waitFor(() => expect(text("[role=alert]")).toContain('the run "nobody" has no file splits/val.txt'));
  });
});
