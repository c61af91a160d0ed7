import type { SampleView } from "../../train/events";
import { fixed } from "../format";
import { SampleCanvas } from "./sample-canvas";
import { FINGERS, JOINT_NAMES } from "./skeleton";
import { SkeletonView } from "./skeleton-view";
import { useIsland } from "./use-island";

/** The crop with its overlays, and a sentence for those who cannot see it. */
export function SampleFigure({
  view,
  showDepth,
  showMesh,
  showTrue = true,
  showPredicted = true,
  joint,
  onJoint,
}: {
  readonly view: SampleView;
  readonly showDepth: boolean;
  readonly showMesh: boolean;
  readonly showTrue?: boolean;
  readonly showPredicted?: boolean;
  readonly joint?: number;
  readonly onJoint?: (joint: number | undefined) => void;
}) {
  const element = useIsland(() => new SampleCanvas(), {
    view,
    showDepth,
    showMesh,
    showTrue,
    showPredicted,
    joint,
    onJoint,
  });
  const what = showDepth ? "Depth crop" : "Colour crop";
  return (
    <div
      ref={element}
      class="sample-figure"
      role="img"
      aria-label={`${what} of sample ${view.id} with true and predicted joints; joint error ${fixed(view.mpjpe_mm, 1)} mm`}
      title={joint === undefined ? undefined : JOINT_NAMES[joint]}
    />
  );
}

/** True and predicted hand in 3D; `label` says whose they are. */
export function HandFigure({
  view,
  joint,
  label = "True and predicted hand in 3D",
}: {
  readonly view: Pick<SampleView, "joints3dTrue" | "joints3dPredicted">;
  readonly joint: number | undefined;
  readonly label?: string;
}) {
  const element = useIsland(() => new SkeletonView(), { view, joint });
  return (
    <div
      ref={element}
      class="hand-figure"
      role="application"
      aria-roledescription="turnable 3D view"
      aria-label={`${label}; arrow keys turn it, plus and minus zoom, Home resets`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: turned with the arrow keys.
      tabIndex={0}
    />
  );
}

/** Which colour is which finger. */
export function FingerLegend() {
  return (
    <ul class="fingers" aria-label="Colours of the fingers">
      {FINGERS.map((finger) => (
        <li key={finger} style={{ "--swatch": `var(--finger-${finger}-ink)` }}>
          <span class="swatch" />
          {finger}
        </li>
      ))}
    </ul>
  );
}
