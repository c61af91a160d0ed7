import { followPixelRatio } from "./pixel-ratio";

/** A canvas that fills its element at the screen's resolution and redraws when its size or the zoom changes. */
export class FitCanvas {
  readonly canvas = document.createElement("canvas");
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  width = 0;
  height = 0;
  private readonly observer: ResizeObserver;
  private readonly life = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly draw: () => void,
  ) {
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("this browser gives no 2D canvas");
    this.context = context;
    this.canvas.setAttribute("aria-hidden", "true");
    // Out of the flow, or the canvas would hold its element at the size it was given.
    this.canvas.style.position = "absolute";
    this.canvas.style.inset = "0";
    element.append(this.canvas);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(element);
    followPixelRatio(() => this.fit(), this.life.signal);
    this.fit();
  }

  dispose(): void {
    this.life.abort();
    this.observer.disconnect();
    this.canvas.remove();
  }

  private fit(): void {
    const { clientWidth, clientHeight } = this.element;
    const ratio = devicePixelRatio;
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    this.canvas.style.width = `${clientWidth}px`;
    this.canvas.style.height = `${clientHeight}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (clientWidth > 0 && clientHeight > 0) this.draw();
  }
}
