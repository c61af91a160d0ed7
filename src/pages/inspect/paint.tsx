import { effect } from "@preact/signals";
import { theme } from "../theme";
import { FitCanvas } from "../widgets/fit-canvas";
import { type Island, useIsland } from "../widgets/use-island";

/** Draws on a canvas of `width` x `height` CSS pixels. */
export type Paint = (context: CanvasRenderingContext2D, width: number, height: number) => void;

/** A point of the canvas in CSS pixels, and the canvas's size. */
export type OnPoint = (x: number, y: number, width: number, height: number) => void;

interface PaintProps {
  /** Drawn again when it is another function. */
  readonly paint: Paint;
  readonly onMove?: OnPoint | undefined;
  readonly onLeave?: (() => void) | undefined;
  readonly onPick?: OnPoint | undefined;
}

const islands = new WeakMap<Element, PaintIsland>();

/** What the painting in `element` shows, drawn anew with `ratio` pixels for each CSS pixel; undefined where there is none. */
export function paintedAnew(element: Element, ratio: number): HTMLCanvasElement | undefined {
  return islands.get(element)?.drawnAnew(ratio);
}

class PaintIsland implements Island<PaintProps> {
  private fitted: FitCanvas | undefined;
  private props: PaintProps | undefined;
  private stopTheme: () => void = () => undefined;
  private readonly life = new AbortController();

  mount(element: HTMLElement): void {
    islands.set(element, this);
    this.fitted = new FitCanvas(element, () => this.draw());
    const { signal } = this.life;
    element.addEventListener("pointermove", (event) => this.point(this.props?.onMove, event), { signal });
    element.addEventListener("click", (event) => this.point(this.props?.onPick, event), { signal });
    element.addEventListener("pointerleave", () => this.props?.onLeave?.(), { signal });
    this.stopTheme = effect(() => {
      theme.value;
      this.draw();
    });
  }

  update(props: PaintProps): void {
    const isSame = this.props?.paint === props.paint;
    this.props = props;
    if (!isSame) this.draw();
  }

  dispose(): void {
    this.life.abort();
    this.stopTheme();
    this.fitted?.dispose();
  }

  drawnAnew(ratio: number): HTMLCanvasElement | undefined {
    const { width = 0, height = 0 } = this.fitted ?? {};
    if (width === 0 || height === 0 || this.props === undefined) return undefined;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(ratio * width), Math.round(ratio * height)];
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.props.paint(context, width, height);
    return canvas;
  }

  private point(told: OnPoint | undefined, { offsetX, offsetY }: MouseEvent): void {
    const { width, height } = this.fitted!;
    told?.(offsetX, offsetY, width, height);
  }

  private draw(): void {
    if (this.fitted === undefined || this.props === undefined) return;
    const { context, width, height } = this.fitted;
    context.clearRect(0, 0, width, height);
    if (width > 0 && height > 0) this.props.paint(context, width, height);
  }
}

/** A picture that `paint` draws, as large as its element; `label` says what is seen. */
export function Painting({
  label,
  isHidden = false,
  ...props
}: PaintProps & {
  readonly label: string;
  /** Decoration: what is beside it says the same. */
  readonly isHidden?: boolean;
}) {
  const element = useIsland(() => new PaintIsland(), props);
  if (isHidden) return <div ref={element} class="painting" aria-hidden="true" />;
  return <div ref={element} class="painting" role="img" aria-label={label} data-picks={props.onPick !== undefined} />;
}
