import axe from "axe-core";
import { h, render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { userEvent } from "vitest/browser";
import "../../../src/pages/styles/index.css";
import { readHandAsset } from "../../../src/data/hand/asset";
import { theme, toggleTheme } from "../../../src/pages/theme";
import {
  type Camera,
  extentOf,
  freeCamera,
  type Intrinsics,
  projectPoints,
  START,
  sampleCamera,
} from "../../../src/pages/viewer/camera";
import { CanvasMeshRenderer } from "../../../src/pages/viewer/canvas-renderer";
import { GpuMeshRenderer } from "../../../src/pages/viewer/gpu-renderer";
import { HandViewer, type HandViewerProps } from "../../../src/pages/viewer/hand-viewer";
import type { MeshFrame } from "../../../src/pages/viewer/mesh-renderer";
import { buildScene, placed, type ViewerHand } from "../../../src/pages/viewer/scene";
import { ViewerState } from "../../../src/pages/viewer/state";
import type { HandViewerIsland } from "../../../src/pages/viewer/viewer";
import { posedHand } from "./posed-hand";

const model = readHandAsset(await (await fetch("/openhand/openhand.safetensors")).arrayBuffer());
const [straight, bent] = [posedHand(model, 0.1), posedHand(model, 0.4)];
const errors = Float32Array.from({ length: 778 }, (_, v) =>
  Math.hypot(...[0, 1, 2].map((k) => straight.vertices[3 * v + k] - bent.vertices[3 * v + k])),
);
const origin = [0.11, 0.01, 0.6] as const;
const truth: ViewerHand = { name: "true", ...straight, origin, colour: "--series-3", isTruth: true };
const predicted: ViewerHand = { name: "predicted", ...bent, origin, errors, colour: "--series-1", isByFinger: true };
const hands = [truth, predicted];
const CROP: Intrinsics = { k: [500, 500, 55, 130], width: 168, height: 224 };
const picture = { ...CROP, rgba: new Uint8ClampedArray(4 * 168 * 224).fill(128) };
const [WIDTH, HEIGHT] = [420, 340];

describe("the two back ends", () => {
  const inCamera = placed(predicted, bent.vertices, "camera");
  const cameras: Record<string, { camera: Camera; view: "orbit" | "camera" }> = {
    orbit: { camera: freeCamera("orbit", START, extentOf([bent.vertices]), WIDTH, HEIGHT), view: "orbit" },
    top: { camera: freeCamera("top", START, extentOf([bent.vertices]), WIDTH, HEIGHT), view: "orbit" },
    camera: { camera: sampleCamera(CROP, extentOf([inCamera]), WIDTH, HEIGHT), view: "camera" },
  };

  /** Opacity 0..255 of each pixel, one per CSS pixel, [HEIGHT, WIDTH], by both. */
  async function masks(name: string, hand: ViewerHand, change: Partial<MeshFrame> = {}): Promise<Uint8Array[]> {
    const { camera, view } = cameras[name];
    const scene = buildScene([hand], view, true, 0.02, () => [200, 100, 50]);
    const options = { isWires: false, isHeat: true, opacity: 1, ...change };
    const frame: MeshFrame = { camera, width: WIDTH, height: HEIGHT, ratio: 1, ...options };
    const flat = new CanvasMeshRenderer();
    flat.setScene(scene);
    flat.draw(frame);
    const ofCanvas = flat.canvas.getContext("2d")!.getImageData(0, 0, WIDTH, HEIGHT).data;
    const gpu = await GpuMeshRenderer.create(() => undefined, true);
    gpu.setScene(scene);
    const ofGpu = await gpu.pixels(frame);
    gpu.dispose();
    flat.dispose();
    return [ofCanvas, ofGpu].map((data) => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => data[4 * i + 3]));
  }

  /** Share of the faces whose middle, projected by the formula and moved by `shift` pixels, lies on the mesh; and pixels beyond its box. */
  function agreement(mask: Uint8Array, name: string, hand: ViewerHand, shift = 0): { onMesh: number; beyond: number } {
    const { camera, view } = cameras[name];
    const points = projectPoints(camera, placed(hand, hand.vertices!, view));
    const faces = hand.faces!;
    let [on, beyond] = [0, 0];
    for (let f = 0; f < faces.length; f += 3) {
      const [x, y] = [0, 1].map((k) => [0, 1, 2].reduce((sum, c) => sum + points[3 * faces[f + c] + k] / 3, 0));
      if (mask[Math.floor(y) * WIDTH + Math.floor(x + shift)] >= 128) on++;
    }
    const xs = Array.from({ length: points.length / 3 }, (_, v) => points[3 * v]);
    const ys = Array.from({ length: points.length / 3 }, (_, v) => points[3 * v + 1]);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    mask.forEach((alpha, i) => {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
      if (alpha > 0 && (x < left - 2 || x > right + 1 || y < top - 2 || y > bottom + 1)) beyond++;
    });
    return { onMesh: on / (faces.length / 3), beyond };
  }

  it.each(Object.keys(cameras))("draw the mesh where the projection says, %s", async (name) => {
    const both = await masks(name, predicted);
    for (const mask of both) {
      const { onMesh, beyond } = agreement(mask, name, predicted);
      expect(onMesh).toBeGreaterThan(0.98);
      expect(beyond).toBe(0);
      // Of a mesh that stands elsewhere, this would be seen.
      expect(agreement(mask, name, predicted, 12).onMesh).toBeLessThan(0.95);
    }
    let [either, different] = [0, 0];
    both[0].forEach((alpha, i) => {
      const other = both[1][i] >= 128;
      if (alpha >= 128 || other) either++;
      if (alpha >= 128 !== other) different++;
    });
    expect(either).toBeGreaterThan(4000);
    expect(different / either).toBeLessThan(0.04);
  });

  it("let through what opacity says, and only lines as wires", async () => {
    for (const mask of await masks("orbit", predicted, { opacity: 0.5 })) {
      // One layer of the skin is 128; fingers lie over the palm, and smoothed edges are less.
      const counts = new Uint32Array(256);
      for (const alpha of mask) if (alpha > 0) counts[alpha]++;
      expect(Math.abs(counts.indexOf(Math.max(...counts)) - 128)).toBeLessThanOrEqual(1);
    }
    const filled = (await masks("orbit", predicted)).map((mask) => mask.filter((alpha) => alpha >= 128).length);
    const wired = await masks("orbit", predicted, { isWires: true });
    wired.forEach((mask, i) => {
      const inked = mask.filter((alpha) => alpha >= 128).length;
      expect(inked).toBeGreaterThan(0.1 * filled[i]);
      expect(inked).toBeLessThan(0.9 * filled[i]);
    });
  });
});

describe("the viewer", () => {
  let root: HTMLElement;
  let view: HandViewerIsland;
  let state: ViewerState;

  beforeEach(() => {
    state = new ViewerState();
    root = document.createElement("div");
    Object.assign(root.style, { display: "flex", width: "640px", height: "520px" });
    document.body.append(root);
  });

  afterEach(() => {
    render(null, root);
    root.remove();
  });

  async function show(props: Partial<HandViewerProps> = {}): Promise<void> {
    const all = { hands, picture, label: "Sample a in 3D", state, backend: "Canvas 2D", ...props } as const;
    render(h(HandViewer, { ...all, onMount: (made) => (view = made) }), root);
    const wanted = "backend" in props ? (props.backend ?? expect.any(String)) : "Canvas 2D";
    // The first device of a page can take seconds.
    await vi.waitFor(() => expect(view.backend).toEqual(wanted), { timeout: 30_000 });
    await settled();
  }

  /** Until six animation frames went by without a drawing: Preact's effects come late. */
  async function settled(): Promise<void> {
    for (let still = 0, before = -1; still < 6; before = view.drawn) {
      await new Promise(requestAnimationFrame);
      still = view.drawn === before ? still + 1 : 0;
    }
  }
  const canvas = () => root.querySelector<HTMLElement>(".viewer-canvas")!;
  const inked = (which: number): number => {
    const layer = root.querySelectorAll<HTMLCanvasElement>(".viewer-canvas canvas")[which];
    const { data } = layer.getContext("2d")!.getImageData(0, 0, layer.width, layer.height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  };
  const toggle = (name: string) => [...root.querySelectorAll("button")].find((each) => each.textContent === name)!;

  it("shows grid, meshes and bones, each where it is switched on, and says so in words", async () => {
    await show();
    for (const layer of [0, 1, 2]) expect(inked(layer)).toBeGreaterThan(1000);
    expect(canvas().ariaLabel).toContain(
      "Sample a in 3D, turned 29 degrees and tilted 17: true hand as mesh and skeleton",
    );
    expect(root.querySelector(".viewer-legend")?.textContent).toContain("n = 778 vertices");
    await userEvent.click(toggle("Mesh"));
    await userEvent.click(toggle("Bones"));
    await settled();
    expect([inked(1), inked(2)]).toEqual([0, 0]);
    expect(canvas().ariaLabel).toContain("predicted hand as nothing");
    expect(root.querySelector(".viewer-legend")).toBeNull();
    await userEvent.click(toggle("Bones"));
    const bones = await vi.waitFor(() => {
      expect(inked(2)).toBeGreaterThan(0);
      return inked(2);
    });
    await userEvent.click(toggle("True"));
    await vi.waitFor(() => expect(inked(2)).toBeLessThan(bones));
    expect(canvas().ariaLabel).not.toContain("true hand");
  });

  it("is turned, zoomed and switched by keys, which do not reach the page", async () => {
    const onPage = vi.fn();
    addEventListener("keydown", onPage);
    try {
      await show();
      canvas().focus();
      await userEvent.keyboard("{ArrowRight}{ArrowUp}");
      await vi.waitFor(() => expect(canvas().ariaLabel).toContain("turned 36 degrees and tilted 10"));
      const before = inked(1);
      await userEvent.keyboard("+++");
      await vi.waitFor(() => expect(inked(1)).toBeGreaterThan(1.3 * before));
      canvas().dispatchEvent(new MouseEvent("dblclick"));
      await vi.waitFor(() => expect(canvas().ariaLabel).toContain("turned 29 degrees and tilted 17"));
      await userEvent.keyboard("2");
      await vi.waitFor(() => expect(canvas().ariaLabel).toContain("from the sample's camera"));
      await userEvent.keyboard("3");
      await vi.waitFor(() => expect(canvas().ariaLabel).toContain("from the top"));
      await userEvent.keyboard("4");
      await vi.waitFor(() => expect(canvas().ariaLabel).toContain("from the side"));
      expect(onPage).not.toHaveBeenCalled();
      await userEvent.keyboard("j");
      expect(onPage).toHaveBeenCalledTimes(1);
    } finally {
      removeEventListener("keydown", onPage);
    }
  });

  it("has no camera view without a picture or a place in the camera", async () => {
    state.view.value = "camera";
    await show({ picture: undefined });
    expect(canvas().ariaLabel).toContain("turned 29 degrees");
    expect([...root.querySelectorAll(".segments label")].map((each) => each.textContent)).toEqual([
      "Orbit",
      "Top",
      "Side",
    ]);
  });

  it("tells which joint the pointer is at, and rings the one it is told", async () => {
    const onJoint = vi.fn();
    await show({ onJoint });
    const box = canvas().getBoundingClientRect();
    const points = hands.flatMap(({ joints, vertices }) => [joints, vertices!]);
    const camera = freeCamera("orbit", START, extentOf(points), box.width, box.height);
    const tip = projectPoints(camera, bent.joints.subarray(12, 15));
    const at = (dx: number) => ({ clientX: box.left + tip[0] + dx, clientY: box.top + tip[1], bubbles: true });
    canvas().dispatchEvent(new PointerEvent("pointermove", at(3)));
    expect(onJoint).toHaveBeenLastCalledWith(4);
    const plain = inked(2);
    await show({ onJoint, joint: 4 });
    expect(inked(2)).toBeGreaterThan(plain + 300);
    canvas().dispatchEvent(new PointerEvent("pointerleave"));
    expect(onJoint).toHaveBeenLastCalledWith(undefined);
  });

  it("draws when something changed, and not otherwise", async () => {
    await show();
    const { drawn } = view;
    await show();
    expect(view.drawn).toBe(drawn);
    root.style.width = "600px";
    await vi.waitFor(() => expect(view.drawn).toBe(drawn + 1));
    state.set({ opacity: 0.5 });
    await vi.waitFor(() => expect(view.drawn).toBe(drawn + 2));
  });

  it.each(["light", "dark"] as const)("has no axe violations, %s", async (wanted) => {
    if (theme.value !== wanted) toggleTheme();
    await show();
    const { violations } = await axe.run(root, { resultTypes: ["violations"] });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
  });

  it("goes on in 2D when the device is lost, says so, and keeps what was chosen", async () => {
    state.view.value = "top";
    state.showHand("true", false);
    state.set({ opacity: 0.6, bones: false });
    await show({ backend: "WebGPU" });
    canvas().focus();
    await userEvent.keyboard("+++");
    const seen = canvas().ariaLabel;
    expect(root.querySelector(".viewer-note")?.textContent).toBe("");
    const shared = await GpuMeshRenderer.create(() => undefined, true);
    shared.device.destroy();
    await vi.waitFor(() =>
      expect(root.querySelector(".viewer-note")?.textContent).toContain("graphics device was lost"),
    );
    await settled();
    expect(inked(1)).toBeGreaterThan(1000);
    expect(canvas().ariaLabel).toBe(seen);
    expect(seen).toContain("from the top: predicted hand as mesh, coloured");
    expect(inked(2)).toBe(0);
    const zoomed = inked(1);
    canvas().dispatchEvent(new MouseEvent("dblclick"));
    await settled();
    expect(inked(1)).toBeLessThan(zoomed);
  });

  it("draws in 2D when the device is lost before the first picture", async () => {
    const { create } = GpuMeshRenderer;
    const losing = vi.spyOn(GpuMeshRenderer, "create").mockImplementation(async (onLost, isUnseen) => {
      const made = await create.call(GpuMeshRenderer, onLost, isUnseen);
      made.device.destroy();
      await made.device.lost;
      return made;
    });
    try {
      const props = { hands, picture, label: "Sample a in 3D", state, backend: "WebGPU" } as const;
      render(h(HandViewer, { ...props, onMount: (made) => (view = made) }), root);
      await vi.waitFor(() => expect(losing).toHaveResolved(), { timeout: 30_000 });
      await settled();
      expect(root.querySelector(".viewer-note")?.textContent).toContain("graphics device was lost");
      expect(view.backend).toBe("Canvas 2D");
      expect(inked(1)).toBeGreaterThan(1000);
    } finally {
      losing.mockRestore();
    }
  });

  it("draws in 2D where there is no WebGPU, and says so", async () => {
    const gpu = vi.spyOn(navigator, "gpu", "get").mockReturnValue(undefined as unknown as GPU);
    try {
      await show({ backend: undefined });
      await vi.waitFor(() => expect(root.querySelector(".viewer-note")?.textContent).not.toBe(""));
      expect(root.querySelector(".viewer-note")?.textContent).toBe("Drawn in 2D: this browser has no WebGPU.");
      expect(inked(1)).toBeGreaterThan(1000);
    } finally {
      gpu.mockRestore();
    }
  });

  it.each(["WebGPU", "Canvas 2D"] as const)("measures the time of its frames, %s", async (backend) => {
    await show({ backend });
    // For docs/results.md with VITE_VIEWER_FRAMES=200.
    const times = await view.measureFrames(Number(import.meta.env.VITE_VIEWER_FRAMES ?? 20));
    const { kind, frames, meanMs, hostMs, width, height } = times;
    console.info(
      `viewer ${kind}: ${meanMs.toFixed(2)} ms a frame (host ${hostMs.toFixed(2)} ms), mean of ${frames}, ${width} x ${height}, 2 meshes`,
    );
    expect(kind).toBe(backend);
    expect(Number.isFinite(meanMs)).toBe(true);
    expect(canvas().ariaLabel).toContain("turned 29 degrees");
  });
});
