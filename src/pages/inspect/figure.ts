/** A stage as a picture with its caption. */
import { cssColour } from "../theme";
import { heatColour } from "../viewer/palette";
import type { HandViewerIsland } from "../viewer/viewer";
import { paintedAnew } from "./paint";
import { wrap } from "./scales";

const FONT = 13;
const LINE = 19;
const PAD = 14;

/** Words and bars that belong to the pictures; controls do not. */
const WORDS = ".step, .multiple, .map-cell figcaption, .viewer-legend, .token-list, .side-table, .losses table";
const BARS = ".token-bar, .viewer-ramp";
/** What lies beyond their edges is not seen. */
const SCROLLED = ".step-list, .token-list, .side-table, .losses, .small-multiples";

/** Something at its place on the page. */
interface Part {
  readonly box: DOMRect;
  readonly draw: (context: CanvasRenderingContext2D, left: number, top: number) => void;
}

/**
 * The pictures of `panel` as they lie on the screen, drawn at twice its resolution at least, with their words, on the page's own
 * ground; below them `caption` and the line of numbers of the stage. Throws a sentence when the stage has no picture.
 */
export async function figureOf(
  panel: HTMLElement,
  viewer: HandViewerIsland | undefined,
  caption: readonly string[],
): Promise<Blob> {
  const ratio = Math.max(2, devicePixelRatio);
  const pictures = picturesOf(panel, viewer, ratio);
  if (pictures.length === 0)
    throw new Error("there is no picture in this stage, only numbers: export the JSON instead");
  const parts = [...pictures, ...barsOf(panel), ...wordsOf(panel)];
  const left = Math.min(...parts.map(({ box }) => box.left));
  const top = Math.min(...parts.map(({ box }) => box.top));
  const width = Math.max(...parts.map(({ box }) => box.right)) - left;
  const height = Math.max(...parts.map(({ box }) => box.bottom)) - top;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d")!;
  context.font = `${FONT}px system-ui, sans-serif`;
  const lines = [...caption, footOf(panel)]
    .filter(Boolean)
    .map((text) => wrap(text, width, (part) => context.measureText(part).width));
  const whole = height + 3 * PAD + LINE * lines.flat().length;
  canvas.width = Math.round(ratio * (width + 2 * PAD));
  canvas.height = Math.round(ratio * whole);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = cssColour("--panel");
  context.fillRect(0, 0, width + 2 * PAD, whole);
  for (const { box, draw } of parts) draw(context, PAD + box.left - left, PAD + box.top - top);
  context.font = `${FONT}px system-ui, sans-serif`;
  context.textBaseline = "top";
  let y = height + 2 * PAD;
  lines.forEach((part, i) => {
    context.fillStyle = cssColour(i === 0 ? "--ink" : "--muted");
    for (const line of part) {
      context.fillText(line, PAD, y);
      y += LINE;
    }
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) =>
      blob === null ? reject(new Error("the browser made no PNG of the figure")) : resolve(blob),
    );
  });
}

function picturesOf(panel: HTMLElement, viewer: HandViewerIsland | undefined, ratio: number): Part[] {
  return [...panel.querySelectorAll<HTMLElement>(".painting, .viewer-canvas")].flatMap((element) => {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || !isSeen(element, box)) return [];
    const isPainting = element.classList.contains("painting");
    const image = isPainting ? paintedAnew(element, ratio) : viewer?.snapshot(ratio);
    if (image === undefined) return [];
    const ground = getComputedStyle(element).backgroundColor;
    const draw: Part["draw"] = (context, left, top) => {
      context.fillStyle = ground;
      context.fillRect(left, top, box.width, box.height);
      context.drawImage(image, left, top, box.width, box.height);
    };
    return [{ box, draw }];
  });
}

function barsOf(panel: HTMLElement): Part[] {
  return [...panel.querySelectorAll<HTMLElement>(BARS)].flatMap((element) => {
    const box = element.getBoundingClientRect();
    if (!isSeen(element, box)) return [];
    const colour = getComputedStyle(element).backgroundColor;
    const draw: Part["draw"] = (context, left, top) => {
      for (let x = 0; x < box.width; x++) {
        context.fillStyle = element.matches(".viewer-ramp") ? `rgb(${heatColour(x / box.width).join(" ")})` : colour;
        context.fillRect(left + x, top, Math.min(1.5, box.width - x), box.height);
      }
    };
    return [{ box, draw }];
  });
}

/** Word by word: only the browser knows where it broke the lines. */
function wordsOf(panel: HTMLElement): Part[] {
  const parts: Part[] = [];
  for (const element of panel.querySelectorAll<HTMLElement>(WORDS)) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement!;
      const style = getComputedStyle(parent);
      for (const { 0: word, index } of node.nodeValue!.matchAll(/\S+/g)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const box = range.getBoundingClientRect();
        if (box.width === 0 || !isSeen(parent, box)) continue;
        const draw: Part["draw"] = (context, left, top) => {
          context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
          context.fillStyle = style.color;
          context.textAlign = "left";
          context.textBaseline = "middle";
          context.fillText(word, left, top + box.height / 2);
        };
        parts.push({ box, draw });
      }
    }
  }
  return parts;
}

function isSeen(element: Element, { top, bottom, left, right }: DOMRect): boolean {
  const frame = element.closest(SCROLLED)?.getBoundingClientRect();
  if (frame === undefined) return true;
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= frame.left && x <= frame.right && y >= frame.top && y <= frame.bottom;
}

/** The stage's line of numbers, without what is said to the person at the page. */
function footOf(panel: HTMLElement): string {
  const foot = panel.querySelector(".stage-foot")?.cloneNode(true) as HTMLElement | undefined;
  for (const hint of foot?.querySelectorAll(".foot-hint") ?? []) hint.remove();
  return foot?.textContent?.trim() ?? "";
}
