import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import { readHandAsset } from "../../../src/data/hand/asset";
import type { Parts } from "../../../src/pages/app";
import { STAGE_NAMES, type StageName } from "../../../src/pages/inspect/address";
import { LEGEND } from "../../../src/pages/inspect/draw";
import { Store } from "../../../src/pages/store";
import { theme, toggleTheme } from "../../../src/pages/theme";
import { placeIn, pointOn, wholeOf } from "../../../src/pages/widgets/place";
import { SampleCanvas } from "../../../src/pages/widgets/sample-canvas";
import { lookText } from "../../../src/train/inspect/look-file";
import type { LookRequest, LookView } from "../../../src/train/inspect/types";
import { type MountedApp, mountApp, violations } from "../../helpers/mounted-app";
import { ScriptedRank } from "../../helpers/scripted-rank";
import { posedHand } from "../viewer/posed-hand";
import { BLOCKS, FRONT, type Hands, HEADS, lookView } from "./look-view";

const model = readHandAsset(await (await fetch("/openhand/openhand.safetensors")).arrayBuffer());
const hands: Hands = { truth: posedHand(model, 0.1), coarse: posedHand(model, 0.5), refined: posedHand(model, 0.3) };

let rank: ScriptedRank;
let parts: Parts;
let root: HTMLElement;
let app: MountedApp;
/** What the rank answers in place of a made-up view. */
let answer: (request: LookRequest, checkpoint?: number) => LookView | Promise<LookView>;

beforeEach(async () => {
  location.hash = "#/train";
  rank = new ScriptedRank();
  answer = (request, checkpoint) => lookView(request, hands, checkpoint ?? 40);
  rank.inspector = {
    look: async (request, checkpoint) => answer(request, checkpoint),
    checkpoints: async () => [10, 20],
  };
  const store = new Store(rank);
  app = await mountApp(store);
  ({ parts, root } = app);
  void store.start(parts.setup.options(new Date(0)));
  rank.train(12);
});

afterEach(() => {
  app.close();
});

/** A page that shares its processor with others takes its time. */
const waitFor = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 20_000 });
const text = (selector: string) => root.querySelector(selector)?.textContent ?? "";
const button = (name: string) =>
  [...root.querySelectorAll("button")].find((each) => (each.ariaLabel ?? each.textContent)?.trim().startsWith(name))!;
const looks = () => rank.calls.filter((call) => call.startsWith("look ")).map((call) => JSON.parse(call.slice(5)));
const lastLook = () => looks().at(-1)![0] as LookRequest;
/** Lets keys reach the page. */
const blur = () => (document.activeElement as HTMLElement | null)?.blur();

async function open(address = "#/inspect?split=val&index=1&stage=crop"): Promise<void> {
  location.hash = address;
  await waitFor(() => expect(root.querySelector(".sample-view[aria-busy=false] .stage")).not.toBeNull());
}

/** Different colours of a canvas: 1 where nothing was drawn on it. */
function colours(canvas: HTMLCanvasElement): number {
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}

/** The next file that the page hands out: its name and bytes. */
function nextDownload(): Promise<{ name: string; blob: Blob }> {
  return new Promise((resolve) => {
    let blob: Blob | undefined;
    const make = vi.spyOn(URL, "createObjectURL").mockImplementation((given) => {
      blob = given as Blob;
      return "blob:test";
    });
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      make.mockRestore();
      click.mockRestore();
      resolve({ name: this.download, blob: blob! });
    });
  });
}

async function exported(label: string): Promise<{ name: string; blob: Blob }> {
  const download = nextDownload();
  root.querySelector<HTMLElement>(".menu summary")!.click();
  await userEvent.click(button(label));
  return download;
}

/** Stages that axe looks at; the others are made of the same pieces. */
const CHECKED: Readonly<Record<"light" | "dark", readonly StageName[]>> = {
  light: ["frame", "augmentation", "attention", "metrics", "losses", "gradients"],
  dark: ["augmentation", "attention", "losses"],
};

describe("the stages", () => {
  for (const wanted of ["light", "dark"] as const) {
    it(`are all drawn, one at a time, and have no axe violations, ${wanted}`, async () => {
      if (theme.value !== wanted) toggleTheme();
      await open("#/inspect?split=train&index=1&stage=frame&epoch=0");
      for (const stage of STAGE_NAMES) {
        if (stage !== "frame") {
          blur();
          await userEvent.keyboard("]");
        }
        const place = `.stage[data-stage=${stage}]`;
        await waitFor(() => expect(root.querySelector(place)).not.toBeNull());
        await waitFor(() => {
          const canvas = root.querySelector<HTMLCanvasElement>(
            `${place} .painting canvas, ${place} .viewer-canvas canvas`,
          );
          expect(canvas && colours(canvas)).toBeGreaterThan(1);
        });
        expect(root.querySelector(`${place} .stage-missing`)?.textContent).toBeUndefined();
        await waitFor(() => expect(location.hash).toContain(`stage=${stage}`));
        expect(root.querySelector("[role=tab][aria-selected=true]")!.id).toBe(`stage-${stage}`);
        if (CHECKED[wanted].includes(stage)) expect(await violations()).toEqual([]);
      }
      expect(lastLook().gradients).toBe(true);
      expect(looks().filter(([{ gradients }]) => gradients)).toHaveLength(1);
    });
  }

  it("say in a sentence what is not there", async () => {
    const { vertices, vertices2d, ...bare } = lookView({ split: "val", index: 0 }, hands).truth;
    answer = (request) => {
      const view = lookView(request, hands, 40, {
        depth: undefined,
        frame: "The set was imported: it keeps no frame.",
      });
      const errors = {
        ...view.errors,
        verticesMm: undefined,
        alignedVerticesMm: undefined,
        alignedVertices: undefined,
      };
      return { ...view, truth: { ...bare, vertices: undefined, vertices2d: undefined }, errors };
    };
    const sentences: readonly (readonly [StageName, string])[] = [
      ["frame", "it keeps no frame"],
      ["crop", "This sample has no depth"],
      ["augmentation", "Validation samples are shown as they are"],
      ["tokens", "No patch has depth."],
      ["refined", "no MANO parameters"],
      ["metrics", "no MANO parameters"],
    ];
    await open();
    for (const [stage, sentence] of sentences) {
      root.querySelector<HTMLElement>(`#stage-${stage}`)!.click();
      await waitFor(() => expect(text(`.stage[data-stage=${stage}]`)).toContain(sentence));
    }
    expect(button("Depth")).toBeUndefined();
    await userEvent.click(root.querySelector("#stage-augmentation")!);
    await userEvent.click(button("Go to the first training sample"));
    await waitFor(() => expect(root.querySelectorAll(".step")).toHaveLength(4));
    expect(lastLook()).toMatchObject({ split: "train", index: 0, epoch: 0, steps: true });
    expect(text(".stage-foot")).toContain("0.0042 px at most");
    answer = (request) => {
      const { steps, ...view } = lookView(request, hands, 40, { depth: undefined });
      return { ...view, steps: steps.map((step) => ({ ...step, depth: new Uint8ClampedArray(step.rgba.length / 4) })) };
    };
    await open("#/inspect?split=train&index=1&stage=crop&epoch=3");
    await waitFor(() => expect(text(".stage-missing")).toContain("The augmentation of epoch 3 leaves the depth out"));
  });

  it("of attention follow token, block and head", async () => {
    await open("#/inspect?split=val&index=0&stage=attention&block=1&head=2&token=4");
    await waitFor(() => expect(text(".stage-foot")).toContain(`“${FRONT[4]}” looks at`));
    expect(lastLook().attention).toEqual(Array.from({ length: HEADS }, (_, head) => ({ block: 1, head })));
    // Head 2 of block 1 looks at the token three places on.
    expect(text(".stage-foot")).toContain(`Most at: ${FRONT[7]} (50.8 %)`);
    await userEvent.click(root.querySelectorAll(".token")[10]);
    await waitFor(() => expect(text(".stage-foot")).toContain(`Most at: ${FRONT[13]} (50.8 %)`));
    const block = root.querySelector<HTMLInputElement>(".stage-controls input[type=range]")!;
    block.focus();
    await userEvent.keyboard("{ArrowRight}");
    await waitFor(() => expect(text(".stage-foot")).toContain(`Most at: ${FRONT[14]} (50.8 %)`));
    expect(location.hash).toContain("block=2");
    const canvas = root.querySelector<HTMLElement>(".attention-main > .painting")!;
    await userEvent.click(canvas, { position: { x: canvas.clientWidth / 2 + 3, y: 30 } });
    await waitFor(() => expect(text(".stage-foot")).toMatch(/“patch 1, 4” looks at/));
    await userEvent.selectOptions(root.querySelector(".inline-label select")!, "17");
    expect(text(".stage-foot")).toContain("“camera” looks at");
    expect(BLOCKS).toBe(4);
  });

  it("of maps show one figure or a group of channels", async () => {
    await open("#/inspect?split=val&index=0&stage=maps");
    expect(lastLook().maps).toEqual([{ scale: 0, channel: "norm" }]);
    root.querySelector<HTMLElement>(".stage-controls input[type=radio][name]")!.focus();
    const channels = [...root.querySelectorAll("label")].find((each) => each.textContent === "Channels")!;
    await userEvent.click(channels);
    await waitFor(() => expect(root.querySelectorAll(".map-cell")).toHaveLength(12));
    const group = root.querySelector<HTMLInputElement>(".stage-controls .field input")!;
    await userEvent.fill(group, "2");
    await waitFor(() => expect(root.querySelectorAll(".map-cell")).toHaveLength(8));
    expect(lastLook().maps).toHaveLength(8);
  });
});

describe("keys", () => {
  it("go through samples, and switch what is drawn", async () => {
    await open();
    blur();
    await userEvent.keyboard("j");
    await waitFor(() => expect(text(".toolbar-says")).toContain("synthetic/0002"));
    await userEvent.keyboard("kk");
    await waitFor(() => expect(text(".toolbar-says")).toContain("synthetic/0000"));
    await userEvent.keyboard("k");
    expect(lastLook()).toMatchObject({ split: "val", index: 0 });
    parts.inspect.goTo(500);
    await waitFor(() => expect(lastLook().index).toBe(7));
    const before = parts.inspect.overlays.value;
    const colours = theme.value;
    await userEvent.keyboard("mtpdh");
    const after = parts.inspect.overlays.value;
    for (const name of ["mesh", "truth", "predicted", "depth", "heat"] as const)
      expect(after[name]).toBe(!before[name]);
    await waitFor(() => expect(root.querySelectorAll(".stage .painting")).toHaveLength(1));
    // In 3D they are the viewer's.
    parts.inspect.goToStage("refined");
    await waitFor(() => expect(root.querySelector(".viewer-canvas")).not.toBeNull());
    await userEvent.keyboard("mt");
    expect(parts.inspect.viewer.shows.value.mesh).toBe(false);
    expect(parts.inspect.viewer.hidden.value).toEqual(["true"]);
    await userEvent.keyboard("bwcp");
    expect(parts.inspect.viewer.shows.value).toMatchObject({ bones: false, wires: true });
    expect(parts.inspect.viewer.hidden.value).toEqual(["true", "coarse", "refined"]);
    // Beside a picture, both show the same.
    parts.inspect.goToStage("coarse");
    for (const key of ["m", "t", "p", "m", "t", "p"]) {
      await userEvent.keyboard(key);
      const { mesh, truth, predicted } = parts.inspect.overlays.value;
      const { viewer } = parts.inspect;
      const name = { m: "mesh", t: "truth", p: "predicted" }[key]!;
      expect(
        {
          mesh: [mesh, viewer.shows.value.mesh],
          truth: [truth, viewer.isShown("true")],
          predicted: [predicted, viewer.isShown("coarse")],
        }[name],
      ).toSatisfy(([one, other]: boolean[]) => one === other);
    }
    expect(theme.value).toBe(colours);
    await userEvent.keyboard("?");
    await waitFor(() => expect(text(".dialog")).toContain("Previous, next stage of the sample"));
  });

  it("choose a joint that lights up everywhere", async () => {
    await open();
    const table = root.querySelector<HTMLElement>(".joint-table")!;
    table.focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(root.querySelectorAll("[data-chosen=true]")).toHaveLength(1);
    expect(text("[data-chosen=true]")).toContain("thumb CMC");
    expect(parts.inspect.joint.value).toBe(1);
    blur();
    expect(parts.inspect.joint.value).toBeUndefined();
    // In a picture too: its row comes into view, its token is lit, and a click chooses that token.
    parts.inspect.goToStage("attention");
    const picture = await waitFor(() => {
      const found = root.querySelector<HTMLElement>(".attention-main > .painting");
      expect(found).not.toBeNull();
      return found!;
    });
    const view = parts.inspect.view.value!;
    const box = picture.getBoundingClientRect();
    const place = placeIn(box.width, box.height, wholeOf(view), LEGEND);
    const [x, y] = pointOn(place, view.refined.joints2d[18], view.refined.joints2d[19]);
    const at = { clientX: box.left + x, clientY: box.top + y, bubbles: true };
    picture.dispatchEvent(new PointerEvent("pointermove", at));
    await waitFor(() => expect(text("[data-chosen=true]")).toContain("middle MCP"));
    expect(text(".token[data-lit=true]")).toContain(FRONT[4]);
    expect(text(".foot-hint")).toContain("Under the pointer: patch");
    picture.dispatchEvent(new MouseEvent("click", at));
    await waitFor(() => expect(text(".stage-foot")).toContain(`“${FRONT[4]}” looks at`));
    parts.inspect.joint.value = 20;
    await waitFor(() => {
      const row = root.querySelector("[data-chosen=true]")!.getBoundingClientRect();
      expect(row.bottom).toBeLessThanOrEqual(root.querySelector(".numbers")!.getBoundingClientRect().bottom + 1);
    });
  });
});

describe("what if", () => {
  it("changes the numbers, says which way, and can be taken back", async () => {
    await open();
    await userEvent.click(button("Without depth"));
    await waitFor(() => expect(lastLook().whatIf).toEqual({ dropDepth: true }));
    await waitFor(() => expect(text(".stage")).toContain("the what-if leaves it out"));
    const [order, unit] = root.querySelectorAll<HTMLSelectElement>(".what-if select");
    await userEvent.selectOptions(unit, "mm");
    await waitFor(() => expect(text(".differences tbody tr")).toContain("worse +"));
    expect(lastLook().whatIf).toEqual({ dropDepth: true, truthScale: 1000 });
    expect(root.querySelectorAll(".differences [data-change=worse]").length).toBeGreaterThan(3);
    expect(root.querySelectorAll(".joint-table [data-change=worse]").length).toBeGreaterThan(15);
    expect(await violations()).toEqual([]);
    await userEvent.selectOptions(order, "swap");
    await waitFor(() => expect(lastLook().whatIf?.joints?.slice(0, 6)).toEqual([0, 5, 6, 7, 8, 1]));
    const [x] = root.querySelectorAll<HTMLInputElement>(".what-if-shift input");
    await userEvent.fill(x, "-7.5");
    await waitFor(() => expect(lastLook().whatIf?.shiftBox).toEqual([-7.5, 0]));
    await userEvent.click(button("Reset"));
    await waitFor(() => expect(lastLook().whatIf).toBeUndefined());
    await waitFor(() => expect(root.querySelector(".differences")).toBeNull());
  });

  it("that takes long says so, and can be cancelled", async () => {
    await open();
    const shown = parts.inspect.view.value;
    let reply: () => void = () => undefined;
    answer = (request) => new Promise((resolve) => (reply = () => resolve(lookView(request, hands, 41))));
    await userEvent.click(button("Without depth"));
    await waitFor(() => expect(text(".asking")).toContain("between two steps"));
    await userEvent.click(button("Cancel"));
    await waitFor(() => expect(root.querySelector(".asking")).toBeNull());
    expect(parts.inspect.whatIf.value).toEqual({});
    reply();
    await new Promise((resolve) => setTimeout(resolve));
    expect(parts.inspect.view.value).toBe(shown);
  });
});

describe("weights", () => {
  it("of checkpoints are chosen with a slider", async () => {
    await open();
    const slider = await waitFor(() => {
      const found = root.querySelector<HTMLInputElement>(".toolbar input[type=range]");
      expect(found).not.toBeNull();
      return found!;
    });
    expect(text(".toolbar output")).toBe("now, step 40");
    slider.focus();
    await userEvent.keyboard("{ArrowLeft}");
    await waitFor(() => expect(looks().at(-1)![1]).toBe(20));
    await waitFor(() => expect(text(".toolbar output")).toBe("checkpoint, step 20"));
    await waitFor(() => expect(parts.inspect.view.value?.step).toBe(20));
    expect(location.hash).toContain("checkpoint=20");
  });

  it("that cannot be looked at end in a sentence, and no other sample stands in for the one asked for", async () => {
    await open();
    answer = async () => {
      throw new Error("the network is gone; start a run first");
    };
    parts.inspect.goTo(3);
    await waitFor(() =>
      expect(text(".banner")).toContain("Sample 3 of validation could not be shown: the network is gone"),
    );
    expect(root.querySelector(".sample-view")).toBeNull();
  });
});

describe("keeping a sample", () => {
  it("is done and undone with a key, for the run that is loaded", async () => {
    await open();
    const run = parts.store.run.value!.name;
    expect(button("Keep").ariaPressed).toBe("false");
    blur();
    await userEvent.keyboard("s");
    await waitFor(() => expect(button("Kept").ariaPressed).toBe("true"));
    expect(rank.kept.get(`${run} val-1`)).toEqual({
      view: parts.inspect.view.value,
      about: { run, whatIf: {}, keptBy: "person" },
    });
    await userEvent.click(button("Kept"));
    await waitFor(() => expect(button("Keep").ariaPressed).toBe("false"));
    expect(rank.kept.size).toBe(0);
  });
});

describe("without a run and without WebGPU", () => {
  const whole = (index: number): LookView => {
    const attention = Array.from({ length: HEADS }, (_, head) => ({ block: 3, head }));
    const asked = { attention, maps: [{ scale: 0, channel: "norm" }], gradients: true, frame: true } as const;
    return lookView({ split: "val", index, ...asked }, hands);
  };

  beforeEach(async () => {
    app.close();
    location.hash = "#/inspect";
    rank = new ScriptedRank();
    app = await mountApp(new Store(rank));
    ({ parts, root } = app);
    parts.store.adapter.value = { kind: "missing", message: "This browser has no WebGPU." };
  });

  for (const wanted of ["light", "dark"] as const) {
    it(`a kept sample is shown in all its stages, ${wanted}`, async () => {
      if (theme.value !== wanted) toggleTheme();
      for (const index of [1, 6]) {
        rank.kept.set(`yesterday val-${index}`, { view: whole(index), about: { run: "yesterday", whatIf: {} } });
      }
      location.hash = "#/inspect?run=yesterday&kept=val-1&stage=frame";
      await waitFor(() => expect(text(".toolbar-says")).toContain("Kept sample: validation 1, synthetic/0001"));
      expect(text(".toolbar-says")).toContain("run yesterday, after 40 steps");
      for (const stage of STAGE_NAMES) {
        root.querySelector<HTMLElement>(`#stage-${stage}`)!.click();
        const place = `.stage[data-stage=${stage}]`;
        await waitFor(() => expect(root.querySelector(place)).not.toBeNull());
        if (stage === "augmentation") expect(text(".stage-missing")).toContain("kept as it is, without augmentation");
        else expect(root.querySelector(".stage-missing")).toBeNull();
        await waitFor(() => expect(location.hash).toContain(`kept=val-1&stage=${stage}`));
      }
      expect(looks()).toEqual([]);
      expect(text(".numbers")).toContain("What-ifs, other checkpoints, blocks and maps need the network");
      expect(await violations()).toEqual([]);
      blur();
      await userEvent.keyboard("j");
      await waitFor(() => expect(text(".toolbar-says")).toContain("synthetic/0006"));
      expect(location.hash).toContain("kept=val-6");
      expect(text(".toolbar .stepper")).toContain("2 of 2 kept");
    });
  }

  it("what a file does not hold is said, and the way back", async () => {
    rank.kept.set("yesterday val-1", { view: whole(1), about: { run: "yesterday", whatIf: { dropDepth: true } } });
    location.hash = "#/inspect?run=yesterday&kept=val-1&stage=attention&block=1";
    await waitFor(() => expect(text(".stage-missing")).toContain("The file holds the attention of block 4"));
    expect(await violations()).toEqual([]);
    await userEvent.click(button("Show what was kept"));
    await waitFor(() => expect(root.querySelector(".stage .painting")).not.toBeNull());
    expect(text(".toolbar-says")).toContain("what if: without depth");
    parts.inspect.map.value = { scale: 1, figure: "max", group: 0 };
    parts.inspect.goToStage("maps");
    await waitFor(() => expect(text(".stage-missing")).toContain("The file holds the norm of map 1: other maps need"));
    location.hash = "#/inspect?run=yesterday&kept=val-2";
    await waitFor(() => expect(text(".banner[role=alert]")).toContain("The kept sample val-2 could not be shown"));
  });

  it("an exported sample is opened by a button and by dropping it, and a damaged one is refused in a sentence", async () => {
    const give = (content: string, name: string): File => new File([content], name);
    const json = lookText(whole(4), { run: "elsewhere", whatIf: {} });
    await waitFor(() => expect(button("Open a saved sample")).toBeDefined());
    expect(await violations()).toEqual([]);
    await userEvent.upload(root.querySelector<HTMLElement>(".inspect input[type=file]")!, give(json, "a.json"));
    await waitFor(() => expect(text(".toolbar-says")).toContain("File a.json: validation 4"));
    expect(text(".toolbar-says")).toContain("run elsewhere");
    await waitFor(() => expect(location.hash).toContain("file=a.json"));
    const transfer = new DataTransfer();
    transfer.items.add(give(json.replace('"step":40', '"step":-1'), "b.json"));
    const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
    root.querySelector(".inspect")!.dispatchEvent(drop);
    await waitFor(() =>
      expect(text(".banners")).toContain("b.json is no whole sample: step is -1, expected a whole number from 0 on"),
    );
    expect(text(".toolbar-says")).toContain("File a.json");
    location.hash = "#/inspect?file=lost.json";
    await waitFor(() => expect(text(".banner[role=alert]:not(.no-gpu)")).toContain("lost.json"));
  });
});

describe("exports", () => {
  it("are a figure, meshes, JSON and the original's debug lines", async () => {
    await open();
    const json = await exported("JSON");
    expect(json.name).toBe("synthetic-0001-sample-step-40.json");
    expect(JSON.parse(await json.blob.text()).id).toBe("synthetic/0001");
    const png = await exported("PNG");
    expect(png.name).toBe("synthetic-0001-crop-step-40.png");
    const bitmap = await createImageBitmap(png.blob);
    expect(bitmap.width).toBeGreaterThan(400);
    parts.inspect.goToStage("attention");
    const list = await waitFor(() => {
      const found = root.querySelector(".token-list");
      expect(found).not.toBeNull();
      return found!;
    });
    // The words beside a picture belong to its figure, at twice the screen's resolution.
    const left = root.querySelector(".attention-main")!.getBoundingClientRect().left;
    const figure = await createImageBitmap((await exported("PNG")).blob);
    expect(figure.width).toBeGreaterThan(2 * (list.getBoundingClientRect().right - left));
    parts.inspect.goToStage("crop");
    const obj = await exported("OBJ");
    expect((await obj.blob.text()).match(/^o .*$/gm)).toEqual(["o true", "o coarse", "o refined"]);
    expect(await (await exported("PLY")).blob.slice(0, 3).text()).toBe("ply");
    expect(await (await exported("GLB")).blob.slice(0, 4).text()).toBe("glTF");
    root.querySelector<HTMLElement>(".menu summary")!.click();
    await userEvent.click(button("Debug lines"));
    await waitFor(() => expect(text(".debug-text")).toContain("[Debug 3D Loss]"));
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    await userEvent.click(button("Copy"));
    expect(write.mock.calls[0][0]).toContain("[Debug Batch 1]\n  RGB range");
    write.mockRestore();
  });
});

describe("the picture of a sample", () => {
  it("has its joints in the middle of the pixels that they lie on", () => {
    const [width, height, scale] = [20, 16, 10];
    const joints = Float32Array.from({ length: 42 }, (_, i) => [7.5, 9.5][i % 2]);
    const element = document.createElement("div");
    Object.assign(element.style, { position: "relative", width: `${scale * width}px`, height: `${scale * height}px` });
    document.body.append(element);
    const canvas = new SampleCanvas();
    canvas.mount(element);
    canvas.update({
      view: {
        ...{ id: "a", split: "val", step: 0, width, height, mpjpe_mm: 0, pa_mpjpe_mm: 0, depth: undefined },
        ...{ jointsTrue: joints, jointsPredicted: joints, confidence: new Float32Array(21).fill(1) },
        ...{ rgb: new Uint8ClampedArray(3 * width * height), vertices: new Float32Array(0), faces: new Uint32Array(0) },
        ...{ joints3dTrue: new Float32Array(63), joints3dPredicted: new Float32Array(63) },
      },
      ...{ showDepth: false, showMesh: false, showTrue: false, showPredicted: true, joint: undefined },
    });
    const drawn = element.querySelector("canvas")!;
    const { data } = drawn.getContext("2d")!.getImageData(0, 0, drawn.width, drawn.height);
    let [sum, x, y] = [0, 0, 0];
    for (let i = 0; i < data.length / 4; i++) {
      const light = data[4 * i] + data[4 * i + 1] + data[4 * i + 2];
      sum += light;
      x += light * ((i % drawn.width) + 0.5);
      y += light * (Math.floor(i / drawn.width) + 0.5);
    }
    const pixels = drawn.width / width;
    canvas.dispose();
    element.remove();
    expect(x / sum / pixels).toBeCloseTo(7.5, 1);
    expect(y / sum / pixels).toBeCloseTo(9.5, 1);
  });
});
