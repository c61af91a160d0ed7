/** A stage as a picture with its caption. */
import { cssColour } from "../theme";
import type { HandViewerIsland } from "../viewer/viewer";
import { wrap } from "./scales";

const FONT = 13;
const LINE = 19;
const PAD = 14;

/** All canvases of `panel` as they lie on the screen, on the page's own ground, with `caption` below. */
export async function figureOf(
  panel: HTMLElement,
  viewer: HandViewerIsland | undefined,
  caption: readonly string[],
): Promise<Blob> {
  const ratio = Math.max(2, devicePixelRatio);
  const parts = partsOf(panel, viewer);
  if (parts.length === 0) throw new Error("there is no picture in this stage, only numbers: export the JSON instead");
  const left = Math.min(...parts.map(({ box }) => box.left));
  const top = Math.min(...parts.map(({ box }) => box.top));
  const width = Math.max(...parts.map(({ box }) => box.right)) - left;
  const height = Math.max(...parts.map(({ box }) => box.bottom)) - top;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d")!;
  context.font = `${FONT}px system-ui, sans-serif`;
  const lines = caption.flatMap((text) => wrap(text, width, (part) => context.measureText(part).width));
  const whole = height + 3 * PAD + LINE * lines.length;
  canvas.width = Math.round(ratio * (width + 2 * PAD));
  canvas.height = Math.round(ratio * whole);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = cssColour("--panel");
  context.fillRect(0, 0, width + 2 * PAD, whole);
  for (const { image, box } of parts) {
    context.fillStyle = cssColour("--sunken");
    context.fillRect(PAD + box.left - left, PAD + box.top - top, box.width, box.height);
    context.drawImage(image, PAD + box.left - left, PAD + box.top - top, box.width, box.height);
  }
  context.font = `${FONT}px system-ui, sans-serif`;
  context.textBaseline = "top";
  lines.forEach((line, i) => {
    context.fillStyle = cssColour(i === 0 ? "--ink" : "--muted");
    context.fillText(line, PAD, height + 2 * PAD + LINE * i);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) =>
      blob === null ? reject(new Error("the browser made no PNG of the figure")) : resolve(blob),
    );
  });
}

interface Part {
  readonly image: HTMLCanvasElement;
  readonly box: DOMRect;
}

function partsOf(panel: HTMLElement, viewer: HandViewerIsland | undefined): Part[] {
  const parts: Part[] = [];
  for (const element of panel.querySelectorAll<HTMLElement>(".painting, .viewer-canvas")) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    // The viewer's canvases are only full while it draws.
    const image = element.classList.contains("painting") ? element.querySelector("canvas") : viewer?.snapshot();
    if (image) parts.push({ image, box });
  }
  return parts;
}
