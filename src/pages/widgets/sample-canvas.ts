import { effect } from "@preact/signals";
import type { SampleView } from "../../train/events";
import { theme } from "../theme";
import { drawSkeleton } from "./draw-skeleton";
import { FitCanvas } from "./fit-canvas";
import { type Place, placeIn, pxUnder, wholeOf } from "./place";
import type { Island } from "./use-island";

export interface SampleCanvasProps {
  readonly view: SampleView | undefined;
  readonly showDepth: boolean;
  readonly showMesh: boolean;
  readonly showTrue: boolean;
  readonly showPredicted: boolean;
  /** Joint to emphasise. */
  readonly joint: number | undefined;
  readonly onJoint?: (joint: number | undefined) => void;
}

/** Near to far, 0 to 255, read off a perceptually even map from warm to dark; 255 (far or missing) is nearly black. */
export function depthColour(value: number): [number, number, number] {
  const t = 1 - value / 255;
  return [
    255 * Math.min(1, 0.06 + 1.25 * t ** 0.8),
    255 * (0.07 + 0.83 * t ** 1.5),
    255 * (0.14 + 0.42 * Math.sin(Math.PI * t * 0.85)),
  ];
}

/** RGBA pixels of a sample's image or depth. */
export function samplePixels(view: SampleView, showDepth: boolean): ImageData {
  const { width, height, rgb, depth } = view;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const colour = showDepth && depth !== undefined ? depthColour(depth[i]) : rgb.subarray(3 * i, 3 * i + 3);
    image.data.set(colour, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** The crop with true and predicted joints and the predicted mesh over it. */
export class SampleCanvas implements Island<SampleCanvasProps> {
  private fitted: FitCanvas | undefined;
  private props: SampleCanvasProps | undefined;
  private readonly picture = document.createElement("canvas");
  private pictured: { readonly view: SampleView; readonly showDepth: boolean } | undefined;
  private stopTheme: () => void = () => undefined;
  private element: HTMLElement | undefined;

  mount(element: HTMLElement): void {
    this.element = element;
    this.fitted = new FitCanvas(element, () => this.draw());
    element.addEventListener("pointermove", this.onMove);
    element.addEventListener("pointerleave", this.onLeave);
    this.stopTheme = effect(() => {
      theme.value;
      this.draw();
    });
  }

  update(props: SampleCanvasProps): void {
    this.props = props;
    this.draw();
  }

  dispose(): void {
    this.stopTheme();
    this.element?.removeEventListener("pointermove", this.onMove);
    this.element?.removeEventListener("pointerleave", this.onLeave);
    this.fitted?.dispose();
  }

  private readonly onMove = (event: PointerEvent): void => {
    const view = this.props?.view;
    if (view === undefined || this.props?.onJoint === undefined) return;
    const place = this.place(view);
    const [x, y] = pxUnder(place, event.offsetX, event.offsetY);
    let nearest: number | undefined;
    let least = (14 / place.scale) ** 2;
    for (const joints of [view.jointsPredicted, view.jointsTrue]) {
      for (let joint = 0; joint < 21; joint++) {
        const distance = (joints[2 * joint] - x) ** 2 + (joints[2 * joint + 1] - y) ** 2;
        if (distance < least) [least, nearest] = [distance, joint];
      }
    }
    if (nearest !== this.props.joint) this.props.onJoint(nearest);
  };

  private readonly onLeave = (): void => this.props?.onJoint?.(undefined);

  /** Where the crop lies on the canvas: as large as fits, centred. */
  private place(view: SampleView): Place {
    const { width, height } = this.fitted!;
    return placeIn(width, height, wholeOf(view));
  }

  private draw(): void {
    if (this.fitted === undefined || this.props === undefined) return;
    const { context, width, height } = this.fitted;
    const { view, showDepth, showMesh, showTrue, showPredicted } = this.props;
    context.clearRect(0, 0, width, height);
    if (view === undefined) return;
    if (this.pictured?.view !== view || this.pictured.showDepth !== showDepth) {
      this.picture.width = view.width;
      this.picture.height = view.height;
      this.picture.getContext("2d")!.putImageData(samplePixels(view, showDepth), 0, 0);
      this.pictured = { view, showDepth };
    }
    const { scale, left, top } = this.place(view);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture, left, top, scale * view.width, scale * view.height);
    context.save();
    context.beginPath();
    context.rect(left, top, scale * view.width, scale * view.height);
    context.clip();
    context.translate(left, top);
    if (showMesh) this.drawMesh(view, scale);
    const { joint: emphasised } = this.props;
    if (showTrue) {
      drawSkeleton(context, view.jointsTrue, { scale, isTruth: true, confidence: view.confidence, emphasised });
    }
    if (showPredicted) drawSkeleton(context, view.jointsPredicted, { scale, isTruth: false, emphasised });
    context.restore();
  }

  private drawMesh({ vertices, faces }: SampleView, scale: number): void {
    const { context } = this.fitted!;
    context.beginPath();
    for (let f = 0; f < faces.length; f += 3) {
      for (let side = 0; side < 3; side++) {
        const a = faces[f + side];
        const b = faces[f + ((side + 1) % 3)];
        // Each inner edge belongs to two faces, in opposite directions.
        if (a > b) continue;
        context.moveTo(scale * vertices[2 * a], scale * vertices[2 * a + 1]);
        context.lineTo(scale * vertices[2 * b], scale * vertices[2 * b + 1]);
      }
    }
    context.lineWidth = 0.6;
    context.strokeStyle = "rgb(255 255 255 / 0.55)";
    context.stroke();
  }
}
