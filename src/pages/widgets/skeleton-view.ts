import { effect } from "@preact/signals";
import type { SampleView } from "../../train/events";
import { cssColour, theme } from "../theme";
import { FitCanvas } from "./fit-canvas";
import { BONES, fingerProperty } from "./skeleton";
import type { Island } from "./use-island";

export interface SkeletonViewProps {
  readonly view: Pick<SampleView, "joints3dTrue" | "joints3dPredicted"> | undefined;
  readonly joint: number | undefined;
}

interface Point {
  readonly x: number;
  readonly y: number;
  /** Towards the viewer. */
  readonly z: number;
}

/** Viewing angles in radians: a little from above and from the side, so that depth shows at once. */
const START = { turn: 0.5, tilt: 0.3, zoom: 1 };
const KEY_STEP = Math.PI / 24;

/** True and predicted joints in 3D, turned by dragging or with the arrow keys. Wrist-relative millimetres, OpenCV axes. */
export class SkeletonView implements Island<SkeletonViewProps> {
  private fitted: FitCanvas | undefined;
  private props: SkeletonViewProps | undefined;
  private angles = { ...START };
  private stopTheme: () => void = () => undefined;
  private element: HTMLElement | undefined;

  mount(element: HTMLElement): void {
    this.element = element;
    this.fitted = new FitCanvas(element, () => this.draw());
    element.addEventListener("pointerdown", this.onDown);
    element.addEventListener("pointermove", this.onMove);
    element.addEventListener("keydown", this.onKey);
    element.addEventListener("wheel", this.onWheel, { passive: false });
    element.addEventListener("dblclick", this.reset);
    this.stopTheme = effect(() => {
      theme.value;
      this.draw();
    });
  }

  update(props: SkeletonViewProps): void {
    this.props = props;
    this.draw();
  }

  dispose(): void {
    this.stopTheme();
    this.element?.removeEventListener("pointerdown", this.onDown);
    this.element?.removeEventListener("pointermove", this.onMove);
    this.element?.removeEventListener("keydown", this.onKey);
    this.element?.removeEventListener("wheel", this.onWheel);
    this.element?.removeEventListener("dblclick", this.reset);
    this.fitted?.dispose();
  }

  private readonly reset = (): void => {
    this.angles = { ...START };
    this.draw();
  };

  private readonly onDown = (event: PointerEvent): void => {
    this.element?.setPointerCapture(event.pointerId);
  };

  private readonly onMove = (event: PointerEvent): void => {
    if (!this.element?.hasPointerCapture(event.pointerId)) return;
    this.turn(0.01 * event.movementX, 0.01 * event.movementY);
  };

  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.zoom(Math.exp(-0.001 * event.deltaY));
  };

  private readonly onKey = (event: KeyboardEvent): void => {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.turn(-KEY_STEP, 0),
      ArrowRight: () => this.turn(KEY_STEP, 0),
      ArrowUp: () => this.turn(0, -KEY_STEP),
      ArrowDown: () => this.turn(0, KEY_STEP),
      "+": () => this.zoom(1.1),
      "-": () => this.zoom(1 / 1.1),
      Home: this.reset,
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  private turn(by: number, tilt: number): void {
    this.angles.turn += by;
    this.angles.tilt = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, this.angles.tilt + tilt));
    this.draw();
  }

  private zoom(factor: number): void {
    this.angles.zoom = Math.max(0.4, Math.min(4, this.angles.zoom * factor));
    this.draw();
  }

  private draw(): void {
    const view = this.props?.view;
    if (this.fitted === undefined) return;
    const { context, width, height } = this.fitted;
    context.clearRect(0, 0, width, height);
    if (view === undefined) return;
    const { joints3dTrue: truth, joints3dPredicted: predicted } = view;
    const { centre, radius } = extent(truth, predicted);
    const project = this.projection(centre, radius, width, height);
    this.drawGrid(project, centre, radius);
    const at = (joints: Float32Array, joint: number) =>
      project(joints[3 * joint], joints[3 * joint + 1], joints[3 * joint + 2]);
    context.lineCap = "round";
    // The error of each joint, drawn as the way from truth to prediction.
    context.setLineDash([2, 3]);
    context.lineWidth = 1;
    context.strokeStyle = cssColour("--muted");
    for (let joint = 0; joint < 21; joint++) {
      const [from, to] = [at(truth, joint), at(predicted, joint)];
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
    context.setLineDash([]);
    const bones = [
      ...BONES.map((bone) => ({ bone, joints: truth, isTruth: true })),
      ...BONES.map((bone) => ({ bone, joints: predicted, isTruth: false })),
    ].map((each) => ({ ...each, from: at(each.joints, each.bone[0]), to: at(each.joints, each.bone[1]) }));
    // Painter's order: far bones first.
    bones.sort((a, b) => a.from.z + a.to.z - b.from.z - b.to.z);
    for (const { bone, isTruth, from, to } of bones) {
      context.globalAlpha = isTruth ? 0.55 : 1;
      context.strokeStyle = isTruth ? cssColour("--ink") : cssColour(`${fingerProperty(bone[1])}-ink`);
      context.lineWidth = isTruth ? 1.4 : 3.2;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
      const emphasised = bone[1] === this.props?.joint;
      context.beginPath();
      context.arc(to.x, to.y, (isTruth ? 2 : 3.4) + (emphasised ? 2.5 : 0), 0, 2 * Math.PI);
      context.fillStyle = context.strokeStyle;
      context.fill();
    }
    context.globalAlpha = 1;
  }

  private projection(centre: Point, radius: number, width: number, height: number) {
    const { turn, tilt, zoom } = this.angles;
    const [ct, st, cu, su] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
    const size = (zoom * 0.52 * Math.min(width, height)) / radius;
    const distance = 5 * radius;
    return (px: number, py: number, pz: number): Point => {
      const [x, y, z] = [px - centre.x, py - centre.y, pz - centre.z];
      const [x1, z1] = [ct * x + st * z, -st * x + ct * z];
      const [y2, z2] = [cu * y - su * z1, su * y + cu * z1];
      const perspective = (size * distance) / (distance + z2);
      return { x: width / 2 + perspective * x1, y: height / 2 + perspective * y2, z: -z2 };
    };
  }

  /** A floor of 20 mm squares below the hand, so that turning it reads as turning. */
  private drawGrid(project: (x: number, y: number, z: number) => Point, centre: Point, radius: number): void {
    const { context } = this.fitted!;
    const half = Math.ceil(radius / 20) * 20;
    const floor = centre.y + radius * 1.02;
    context.beginPath();
    for (let offset = -half; offset <= half; offset += 20) {
      for (const line of [
        [centre.x + offset, centre.z - half, centre.x + offset, centre.z + half],
        [centre.x - half, centre.z + offset, centre.x + half, centre.z + offset],
      ]) {
        const from = project(line[0], floor, line[1]);
        const to = project(line[2], floor, line[3]);
        context.moveTo(from.x, from.y);
        context.lineTo(to.x, to.y);
      }
    }
    context.lineWidth = 1;
    context.strokeStyle = cssColour("--line");
    context.stroke();
  }
}

/** Centre of the box round both hands' joints and half its diagonal, in their unit. */
function extent(...hands: readonly Float32Array[]): { readonly centre: Point; readonly radius: number } {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = low.map((value) => -value);
  for (const joints of hands) {
    for (let i = 0; i < joints.length; i++) {
      low[i % 3] = Math.min(low[i % 3], joints[i]);
      high[i % 3] = Math.max(high[i % 3], joints[i]);
    }
  }
  const [x, y, z] = low.map((value, k) => (value + high[k]) / 2);
  const radius = Math.max(1, Math.hypot(...low.map((value, k) => (high[k] - value) / 2)));
  return { centre: { x, y, z }, radius };
}
