import { effect } from "@preact/signals";
import { cssColour, theme } from "../theme";
import { followPixelRatio } from "../widgets/pixel-ratio";
import { weightOf } from "../widgets/place";
import type { Island } from "../widgets/use-island";
import {
  type Camera,
  type Extent,
  extentOf,
  freeCamera,
  nearestJoint,
  projectPoints,
  START,
  sampleCamera,
  VIEW_NAMES,
  type ViewName,
  type Viewpoint,
} from "./camera";
import { CanvasMeshRenderer } from "./canvas-renderer";
import { GpuMeshRenderer } from "./gpu-renderer";
import { cover, Layer } from "./layer";
import type { MeshFrame, MeshRenderer } from "./mesh-renderer";
import {
  drawBones,
  drawBonesOverPicture,
  drawEmphasis,
  drawGrid,
  drawPicture,
  type ProjectedHand,
  picturePixels,
  type ViewerPicture,
} from "./overlay";
import { buildScene, describeView, heatLimit, placed, type Shows, type ViewerHand } from "./scene";

export interface ViewerProps {
  /** Drawn in this order; the last one carries the name of the emphasised joint. */
  readonly hands: readonly ViewerHand[];
  readonly view: ViewName;
  readonly shows: Shows;
  /** Needed by the camera view, which shows the orbit without it. */
  readonly picture?: ViewerPicture;
  /** Joint to emphasise, 0 to 20. */
  readonly joint?: number;
  readonly onJoint?: (joint: number | undefined) => void;
  /** The person asked for another view by key. */
  readonly onView?: (view: ViewName) => void;
  /** What is shown, for those who cannot see it: "Sample synthetic/0003 in 3D". */
  readonly label: string;
  /** Largest error of the heat map in metres; without it as the errors are. */
  readonly limit?: number;
  /**
   * Which back end draws meshes: without it WebGPU where there is one and its canvas is shown, else 2D. "WebGPU" takes it
   * even where the canvas stays empty, to measure it.
   */
  readonly backend?: MeshRenderer["kind"];
  /** Told which back end draws, and why when it is not WebGPU. */
  readonly onBackend?: (kind: MeshRenderer["kind"], note: string | undefined) => void;
}

/** What `measureFrames` found. */
export interface FrameTimes {
  readonly kind: MeshRenderer["kind"];
  readonly frames: number;
  /** Mean wall time of a frame, from its first call until the back end is done with it. */
  readonly meanMs: number;
  /** Mean part of it that the calls take. */
  readonly hostMs: number;
  readonly width: number;
  readonly height: number;
}

const KEY_TURN = Math.PI / 24;
const KEY_PAN = 20;
/** How long a viewer waits for WebGPU before it draws in 2D meanwhile. */
const PATIENCE_MS = 150;
const LEAST_ZOOM = 0.4;
const MOST_ZOOM = 8;

/**
 * Hands in 3D: meshes by WebGPU or in 2D, between a canvas with picture and grid and one with bones. Draws in the next
 * animation frame after something changed, and not otherwise; nothing moves by itself.
 */
export class HandViewerIsland implements Island<ViewerProps> {
  /** Pictures drawn so far. */
  drawn = 0;
  private readonly under = new Layer();
  private readonly over = new Layer();
  private meshes: MeshRenderer | undefined;
  private element: HTMLElement | undefined;
  private props: ViewerProps | undefined;
  private viewpoints: Record<ViewName, Viewpoint> = { orbit: START, camera: START, top: START, side: START };
  private pixels: { readonly of: ViewerPicture; readonly canvas: HTMLCanvasElement } | undefined;
  private projected: readonly ProjectedHand[] = [];
  private scene = { isStale: true, limit: 0.001 };
  private request = 0;
  private observer: ResizeObserver | undefined;
  private stopTheme: () => void = () => undefined;
  private readonly life = new AbortController();

  mount(element: HTMLElement): void {
    this.element = element;
    for (const { canvas } of [this.under, this.over]) cover(canvas);
    element.append(this.under.canvas, this.over.canvas);
    const { signal } = this.life;
    element.addEventListener("pointerdown", this.onDown, { signal });
    element.addEventListener("pointermove", this.onMove, { signal });
    element.addEventListener("pointerleave", this.onLeave, { signal });
    element.addEventListener("keydown", this.onKey, { signal });
    element.addEventListener("wheel", this.onWheel, { signal, passive: false });
    element.addEventListener("dblclick", this.reset, { signal });
    this.observer = new ResizeObserver(() => this.invalidate());
    this.observer.observe(element);
    followPixelRatio(() => this.invalidate(), signal);
    this.stopTheme = effect(() => {
      theme.value;
      this.invalidateScene();
    });
  }

  update(props: ViewerProps): void {
    const before = this.props;
    this.props = props;
    if (before === undefined) void this.chooseBackend(props.backend);
    const isSame =
      before !== undefined &&
      before.hands === props.hands &&
      before.view === props.view &&
      before.picture === props.picture &&
      before.limit === props.limit &&
      before.shows.mesh === props.shows.mesh &&
      before.shows.heat === props.shows.heat;
    if (!isSame) this.invalidateScene();
    else if (before.joint !== props.joint || before.shows !== props.shows || before.label !== props.label)
      this.invalidate();
  }

  dispose(): void {
    this.life.abort();
    this.stopTheme();
    this.observer?.disconnect();
    cancelAnimationFrame(this.request);
    this.meshes?.dispose();
    this.under.canvas.remove();
    this.over.canvas.remove();
  }

  /** What draws the meshes at this moment; undefined until that is known. */
  get backend(): MeshRenderer["kind"] | undefined {
    return this.meshes?.kind;
  }

  /** All that is seen now on one canvas, with `ratio` pixels for each CSS pixel, for a figure. */
  snapshot(ratio: number): HTMLCanvasElement {
    this.draw(ratio);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.under.canvas.width, this.under.canvas.height];
    const context = canvas.getContext("2d")!;
    for (const layer of [this.under.canvas, this.meshes?.canvas, this.over.canvas]) {
      if (layer !== undefined) context.drawImage(layer, 0, 0);
    }
    // The screen goes back to its own resolution.
    this.invalidate();
    return canvas;
  }

  /** Turns the orbit once round in `frames` pictures, one after the other as fast as they come, and gives their mean time. */
  async measureFrames(frames = 200): Promise<FrameTimes> {
    if (this.meshes === undefined || this.props === undefined)
      throw new Error("the hand viewer has nothing to draw yet");
    const { orbit } = this.viewpoints;
    const { meshes } = this;
    this.draw();
    await meshes.finished();
    let hostMs = 0;
    const start = performance.now();
    for (let i = 1; i <= frames; i++) {
      const began = performance.now();
      this.viewpoints.orbit = { ...orbit, turn: orbit.turn + (2 * Math.PI * i) / frames };
      this.draw();
      hostMs += performance.now() - began;
      await meshes.finished();
    }
    const meanMs = (performance.now() - start) / frames;
    this.viewpoints.orbit = orbit;
    this.invalidate();
    const { width, height } = meshes.canvas;
    return { kind: meshes.kind, frames, meanMs, hostMs: hostMs / frames, width, height };
  }

  /** The view in force: without a picture there is no camera to look through. */
  private get view(): ViewName {
    const { view, picture } = this.props!;
    return view === "camera" && picture === undefined ? "orbit" : view;
  }

  private async chooseBackend(kind: MeshRenderer["kind"] | undefined): Promise<void> {
    let note: string | undefined;
    let meshes: MeshRenderer | undefined;
    let isLost = false;
    if (kind !== "Canvas 2D") {
      // The first device of a page can take seconds.
      const meanwhile = setTimeout(() => this.take(new CanvasMeshRenderer(), undefined), PATIENCE_MS);
      try {
        meshes = await GpuMeshRenderer.create((reason) => {
          isLost = true;
          this.onLost(reason);
        }, kind === "WebGPU");
      } catch (error) {
        note = `Drawn in 2D: ${error instanceof Error ? error.message : String(error)}.`;
      }
      clearTimeout(meanwhile);
      // Lost as soon as it was there: what stands in for it draws already.
      if (isLost) return meshes?.dispose();
    }
    this.take(meshes ?? new CanvasMeshRenderer(), note);
  }

  private onLost(reason: string): void {
    this.take(
      new CanvasMeshRenderer(),
      `Drawn in 2D: the graphics device was lost${reason === "" ? "" : ` (${reason})`}.`,
    );
  }

  private take(meshes: MeshRenderer, note: string | undefined): void {
    if (this.life.signal.aborted) {
      meshes.dispose();
      return;
    }
    this.meshes?.dispose();
    this.meshes = meshes;
    cover(meshes.canvas);
    this.under.canvas.after(meshes.canvas);
    this.props?.onBackend?.(meshes.kind, note);
    this.invalidateScene();
  }

  private invalidateScene(): void {
    this.scene.isStale = true;
    this.invalidate();
  }

  private invalidate(): void {
    if (this.element === undefined || this.request !== 0) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      this.draw();
    });
  }

  private draw(ratio = devicePixelRatio): void {
    const { element, props } = this;
    if (element === undefined || props === undefined) return;
    const { clientWidth: width, clientHeight: height } = element;
    if (width === 0 || height === 0) return;
    const { view } = this;
    const hands = view === "camera" ? props.hands.filter(({ origin }) => origin !== undefined) : props.hands;
    if (this.scene.isStale) this.rebuild(hands, view, props);
    const extent = extentOf(hands.flatMap((hand) => pointsOf(hand, view)));
    const camera = this.cameraOf(view, extent, width, height);
    this.projected = hands.map((hand) => ({ hand, joints: projectPoints(camera, placed(hand, hand.joints, view)) }));
    this.drawUnder(view, camera, extent, width, height, ratio);
    const { wires: isWires, heat: isHeat, opacity } = props.shows;
    const frame: MeshFrame = { camera, width, height, ratio, isWires, isHeat, opacity };
    this.meshes?.draw(frame);
    this.drawOver(view, width, height, ratio);
    const described = describeView(props.label, view, this.viewpoints.orbit, hands, props.shows, this.scene.limit);
    if (element.ariaLabel !== described) element.ariaLabel = described;
    this.drawn++;
  }

  private rebuild(hands: readonly ViewerHand[], view: ViewName, props: ViewerProps): void {
    const limit = props.limit ?? heatLimit(hands);
    this.scene = { isStale: false, limit };
    this.meshes?.setScene(props.shows.mesh ? buildScene(hands, view, props.shows.heat, limit, rgbOf) : undefined);
  }

  private cameraOf(view: ViewName, extent: Extent, width: number, height: number): Camera {
    const viewpoint = this.viewpoints[view];
    return view === "camera"
      ? sampleCamera(this.props!.picture!, extent, width, height, viewpoint)
      : freeCamera(view, viewpoint, extent, width, height);
  }

  private drawUnder(
    view: ViewName,
    camera: Camera,
    extent: Extent,
    width: number,
    height: number,
    ratio: number,
  ): void {
    this.under.clear(width, height, ratio);
    const { picture } = this.props!;
    if (view !== "camera") {
      drawGrid(this.under.context, view, camera, extent);
      return;
    }
    if (this.pixels?.of !== picture) this.pixels = { of: picture!, canvas: picturePixels(picture!) };
    drawPicture(this.under.context, picture!, this.pixels!.canvas, width, height, this.viewpoints.camera);
  }

  private drawOver(view: ViewName, width: number, height: number, ratio: number): void {
    const { shows, joint } = this.props!;
    const { context } = this.over;
    this.over.clear(width, height, ratio);
    const weight = weightOf(width, height);
    if (shows.bones) (view === "camera" ? drawBonesOverPicture : drawBones)(context, this.projected, weight);
    if (joint !== undefined) drawEmphasis(context, this.projected, joint, { width, weight });
  }

  private readonly reset = (): void => this.look({ ...START });

  private look(viewpoint: Viewpoint): void {
    this.viewpoints = { ...this.viewpoints, [this.view]: viewpoint };
    this.invalidate();
  }

  /** Turns the orbit, pans the other views; x and y in CSS pixels of dragging. */
  private drag(x: number, y: number): void {
    const now = this.viewpoints[this.view];
    if (this.view === "orbit") this.turn(0.01 * x, 0.01 * y);
    else this.look({ ...now, pan: [now.pan[0] + x, now.pan[1] + y] });
  }

  private turn(by: number, tilt: number): void {
    const now = this.viewpoints.orbit;
    const tilted = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, now.tilt + tilt));
    this.look({ ...now, turn: now.turn + by, tilt: tilted });
  }

  private zoom(factor: number): void {
    const now = this.viewpoints[this.view];
    const zoom = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, now.zoom * factor));
    // What is in the middle stays there.
    const by = zoom / now.zoom;
    this.look({ ...now, zoom, pan: [by * now.pan[0], by * now.pan[1]] });
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button === 0) this.element?.setPointerCapture(event.pointerId);
  };

  private readonly onMove = (event: PointerEvent): void => {
    if (this.element?.hasPointerCapture(event.pointerId)) {
      this.drag(event.movementX, event.movementY);
      return;
    }
    if (this.props?.onJoint === undefined) return;
    const nearest = nearestJoint(
      this.projected.map(({ joints }) => joints),
      event.offsetX,
      event.offsetY,
    );
    if (nearest !== this.props.joint) this.props.onJoint(nearest);
  };

  private readonly onLeave = (): void => this.props?.onJoint?.(undefined);

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.zoom(Math.exp(-0.001 * event.deltaY));
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = (x: number, y: number) => () =>
      this.view === "orbit" ? this.turn(KEY_TURN * x, KEY_TURN * y) : this.drag(KEY_PAN * x, KEY_PAN * y);
    const actions: Record<string, () => void> = {
      ArrowLeft: arrow(-1, 0),
      ArrowRight: arrow(1, 0),
      ArrowUp: arrow(0, -1),
      ArrowDown: arrow(0, 1),
      "+": () => this.zoom(1.1),
      "=": () => this.zoom(1.1),
      "-": () => this.zoom(1 / 1.1),
      Home: this.reset,
    };
    VIEW_NAMES.forEach((view, i) => {
      actions[String(i + 1)] = () => this.props?.onView?.(view);
    });
    const action = actions[event.key];
    if (action === undefined) return;
    // Digits change the page elsewhere.
    event.stopPropagation();
    event.preventDefault();
    action();
  };
}

function pointsOf(hand: ViewerHand, view: ViewName): Float32Array[] {
  return [hand.joints, ...(hand.vertices === undefined ? [] : [hand.vertices])].map((each) => placed(hand, each, view));
}

let probe: OffscreenCanvasRenderingContext2D | undefined;
const rgbs = new Map<string, readonly [number, number, number]>();

/** A custom property's colour in the theme in force, 0..255: canvases understand every notation of CSS. */
export function rgbOf(property: string): readonly [number, number, number] {
  const css = cssColour(property);
  let rgb = rgbs.get(css);
  if (rgb === undefined) {
    probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
    probe.fillStyle = css;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    rgb = [r, g, b];
    rgbs.set(css, rgb);
  }
  return rgb;
}
