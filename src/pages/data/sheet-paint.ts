/** What a tile of a data set shows: its picture with the annotated joints, or why it has none. */
import type { SetSample, SetTile } from "../../ranks/set-tiles";
import { sentence } from "../format";
import { depthCanvas, drawImage, canvasOf as pictureCanvas, within } from "../inspect/draw";
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { placeIn, wholeOf } from "../widgets/place";

export interface Layers {
  readonly joints: boolean;
  /** The depth image in place of the colours, where there is one. */
  readonly depth: boolean;
}

/** Draws a sample on a canvas of CSS pixels. */
export function paintTile(
  context: CanvasRenderingContext2D,
  tile: SetTile,
  width: number,
  height: number,
  layers: Layers,
): void {
  if (tile.kind === "unread") {
    paintSentence(context, sentence(tile.problem), width, height);
    return;
  }
  const { thumbnail, states, rootOnly } = tile;
  const extent = wholeOf(thumbnail);
  const place = placeIn(width, height, extent);
  const { depth } = thumbnail;
  const isDepth = layers.depth && depth !== undefined;
  drawImage(context, isDepth ? depthCanvas(depth, thumbnail) : pictureCanvas(thumbnail), place);
  if (!layers.joints) return;
  const joints = rootOnly ? thumbnail.joints.subarray(0, 2) : thumbnail.joints;
  const confidence = thumbnail.confidence.map((value, j) => (states[j] === "hidden" ? 0 : value));
  const weight = Math.max(0.55, Math.min(1, height / 300));
  within(context, place, extent, () =>
    drawSkeleton(context, joints, { scale: place.scale, isTruth: false, confidence, weight }),
  );
}

const LINE = 15;
const EDGE = 8;

/** As many lines as fit; the large view and the tile's words for screen readers have all of it. */
function paintSentence(context: CanvasRenderingContext2D, text: string, width: number, height: number): void {
  const family = getComputedStyle(document.body).fontFamily;
  context.font = `600 11px ${family}`;
  context.textBaseline = "top";
  context.fillStyle = cssColour("--bad");
  context.fillText("Could not be read", EDGE, EDGE, width - 2 * EDGE);
  context.font = `11px ${family}`;
  context.fillStyle = cssColour("--ink");
  const most = Math.floor((height - 2 * EDGE - LINE) / LINE);
  const lines = wrapped(context, text, width - 2 * EDGE);
  lines.slice(0, most).forEach((line, i) => {
    const isCut = i === most - 1 && lines.length > most;
    context.fillText(isCut ? `${line.slice(0, -1)}…` : line, EDGE, EDGE + (i + 1) * LINE);
  });
}

function wrapped(context: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    const joined = line === "" ? rest : `${line} ${rest}`;
    if (context.measureText(joined).width <= width) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    // Paths and ids have no spaces.
    while (context.measureText(rest).width > width && rest.length > 1) {
      let end = rest.length - 1;
      while (end > 1 && context.measureText(rest.slice(0, end)).width > width) end--;
      lines.push(rest.slice(0, end));
      rest = rest.slice(end);
    }
    line = rest;
  }
  return line === "" ? lines : [...lines, line];
}

/** What a sample has, in few words: "RGB-D, MANO". */
export function holdings({ hasDepth, hasMano, rootOnly }: SetSample): string {
  const labels = rootOnly ? "wrist only" : hasMano ? "MANO" : "no MANO";
  return `${hasDepth ? "RGB-D" : "RGB"}, ${labels}`;
}
