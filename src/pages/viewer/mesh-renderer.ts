import type { Camera } from "./camera";
import type { MeshScene } from "./scene";

/** How meshes are drawn this once. */
export interface MeshFrame {
  readonly camera: Camera;
  /** CSS pixels, and device pixels of one. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly isWires: boolean;
  readonly isHeat: boolean;
  readonly opacity: number;
}

/** A way to draw meshes on a canvas of its own, transparent where there is none. */
export interface MeshRenderer {
  readonly kind: "WebGPU" | "Canvas 2D";
  readonly canvas: HTMLCanvasElement;
  /** Takes another scene, or none. */
  setScene(scene: MeshScene | undefined): void;
  draw(frame: MeshFrame): void;
  /** Settles when what was drawn is done, for measuring. */
  finished(): Promise<void>;
  dispose(): void;
}

/** Gives the canvas as many device pixels as the frame needs; a canvas is cleared by it, so only on change. */
export function fitPixels(canvas: HTMLCanvasElement, { width, height, ratio }: MeshFrame): void {
  const columns = Math.max(1, Math.round(width * ratio));
  const rows = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
}
