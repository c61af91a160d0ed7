/** A transparent 2D canvas of the viewer, sized by it. */
export class Layer {
  readonly canvas = document.createElement("canvas");
  readonly context: CanvasRenderingContext2D;

  constructor() {
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("the hand viewer: this browser gives no 2D canvas");
    this.context = context;
  }

  /** Empties it and makes CSS pixels its unit. */
  clear(width: number, height: number, ratio: number): void {
    const columns = Math.max(1, Math.round(width * ratio));
    const rows = Math.max(1, Math.round(height * ratio));
    if (this.canvas.width !== columns) this.canvas.width = columns;
    if (this.canvas.height !== rows) this.canvas.height = rows;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
  }
}

/** Lays a canvas over its whole element, out of the flow: in it, the canvas would hold the element at the size it was given. */
export function cover(canvas: HTMLCanvasElement): void {
  canvas.setAttribute("aria-hidden", "true");
  Object.assign(canvas.style, {
    position: "absolute",
    inset: "0",
    width: "100%",
    height: "100%",
    pointerEvents: "none",
  });
}
