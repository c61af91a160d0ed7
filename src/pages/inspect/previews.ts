/** Small pictures of the stages, for the rail. Each is undefined while the answer lacks what it shows. */
import type { LookView } from "../../train/inspect/types";
import { fixed, significant } from "../format";
import { cssColour } from "../theme";
import { drawSkeleton } from "../widgets/draw-skeleton";
import { centredPlace, type Place, placeIn, wholeOf } from "../widgets/place";
import type { StageName } from "./address";
import { drawBars } from "./bars";
import { spanOf } from "./colours";
import { canvasOf, drawErrorMesh, drawHeat, drawImage, drawPolygon, drawWires, within } from "./draw";
import type { Paint } from "./paint";
import { errorLimitOf, lengthOverChannels } from "./scales";
import { paintAttention } from "./stages-attention";
import { lossBars, moduleBars } from "./stages-loss";

/** Draws over the crop at its place. */
const overCrop =
  (view: LookView, draw: (context: CanvasRenderingContext2D, place: Place) => void): Paint =>
  (context, width, height) => {
    const place = placeIn(width, height, wholeOf(view));
    drawImage(context, canvasOf(view.crop), place);
    within(context, { ...place, left: 0, top: 0 }, undefined, () => draw(context, place));
  };

const atPlace = (context: CanvasRenderingContext2D, place: Place, view: LookView, draw: () => void): void =>
  within(context, place, wholeOf(view), draw);

/** The picture of a stage in small. */
export function previewOf(stage: StageName, view: LookView, token: number): Paint | undefined {
  const { coarse, refined, truth, faces } = view;
  switch (stage) {
    case "frame":
      return typeof view.frame === "object" ? framePreview(view.frame) : undefined;
    case "crop":
      return overCrop(view, () => undefined);
    case "augmentation": {
      const step = view.steps[view.steps.length - 1];
      return (
        step && ((context, width, height) => drawImage(context, canvasOf(step), placeIn(width, height, wholeOf(step))))
      );
    }
    case "tokens": {
      const { rows, columns, front, inputNorms } = view.tokens;
      const values = inputNorms.subarray(front.length);
      return overCrop(view, (context, place) =>
        drawHeat(context, { values, rows, columns }, spanOf(values), wholeOf(view), place, true),
      );
    }
    case "attention": {
      const paint = paintAttention(view, token);
      return paint && ((context, width, height) => paint(context, placeIn(width, height, wholeOf(view))));
    }
    case "maps": {
      const [map] = view.maps;
      return (
        map &&
        overCrop(view, (context, place) => drawHeat(context, map, spanOf(map.values), wholeOf(view), place, false))
      );
    }
    case "sampling":
      return (
        view.sampling[0] &&
        overCrop(view, (context, place) => atPlace(context, place, view, () => dots(context, view, place.scale)))
      );
    case "coarse":
    case "refined": {
      const hand = stage === "coarse" ? coarse : refined;
      return overCrop(view, (context, place) =>
        atPlace(context, place, view, () => {
          drawWires(context, hand.vertices2d, faces, place.scale, 1, "rgb(255 255 255 / 0.35)");
          drawSkeleton(context, hand.joints2d, { scale: place.scale, isTruth: false, weight: 0.4 });
        }),
      );
    }
    case "metrics": {
      const errors = view.errors.verticesMm;
      return overCrop(view, (context, place) =>
        atPlace(context, place, view, () => {
          if (errors === undefined)
            drawSkeleton(context, truth.joints2d, { scale: place.scale, isTruth: true, weight: 0.4 });
          else drawErrorMesh(context, refined, faces, errors, errorLimitOf(errors), place.scale);
        }),
      );
    }
    case "losses":
      return barsPreview(() => lossBars(view).map((bar) => ({ ...bar, label: "", text: "" })), false);
    case "gradients": {
      const { gradients } = view;
      if (gradients === undefined) return undefined;
      const values = lengthOverChannels(gradients.image, view.width * view.height);
      const map = { values, rows: view.height, columns: view.width };
      return moduleBars(gradients).length === 0
        ? undefined
        : overCrop(view, (context, place) => drawHeat(context, map, spanOf(values), wholeOf(view), place, true));
    }
  }
}

const barsPreview =
  (bars: () => Parameters<typeof drawBars>[3], isLog: boolean): Paint =>
  (context, width, height) =>
    drawBars(context, width, height, bars(), isLog);

const framePreview =
  (frame: Exclude<LookView["frame"], string | undefined>): Paint =>
  (context, width, height) => {
    const place = placeIn(width, height, wholeOf(frame));
    drawImage(context, canvasOf(frame), place);
    within(context, centredPlace(place), undefined, () =>
      drawPolygon(context, frame.corners, place.scale, { colour: cssColour("--finger-pinky"), line: 1.2 }),
    );
  };

function dots(context: CanvasRenderingContext2D, { sampling: [sampling] }: LookView, scale: number): void {
  const { input, inside } = sampling;
  for (let v = 0; v < inside.length; v++) {
    context.fillStyle = inside[v] === 1 ? cssColour("--finger-pinky") : cssColour("--finger-index");
    context.fillRect(scale * input[2 * v] - 0.5, scale * input[2 * v + 1] - 0.5, 1, 1);
  }
}

/** The one number of a stage that tells most, for the rail. */
export function figureOf(stage: StageName, view: LookView): string {
  const { tokens, errors } = view;
  switch (stage) {
    case "frame":
      return typeof view.frame === "object" ? `${view.frame.width} × ${view.frame.height} px` : "not there";
    case "crop":
      return `${view.width} × ${view.height} px`;
    case "augmentation":
      return view.steps.length > 0 ? `epoch ${view.epoch}` : "as it is";
    case "tokens":
      return `${tokens.front.length} + ${tokens.rows * tokens.columns}`;
    case "attention":
      return `${tokens.blocks} × ${tokens.heads}`;
    case "maps":
      return `${view.sampling.length} maps`;
    case "sampling":
      return `${fixed(100 * view.inMapShare, 1)} % inside`;
    case "coarse":
      return `${fixed(errors.coarse.mpjpe_mm, 1)} mm`;
    case "refined":
      return `${fixed(errors.metrics.mpjpe_mm, 1)} mm`;
    case "metrics":
      return `PA ${fixed(errors.metrics.pa_mpjpe_mm, 1)} mm`;
    case "losses":
      return significant(view.losses.find(({ name }) => name === "total_loss")?.value, 3);
    case "gradients":
      return view.gradients === undefined ? "on demand" : `norm ${significant(view.gradients.norm, 2)}`;
  }
}
