/** Coarse and refined hand, and where they are wrong. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { METRIC_NAMES, METRICS, type MetricName } from "../../metrics/judge";
import type { LookView } from "../../train/inspect/types";
import { fixed } from "../format";
import { handsOfLook, pictureOfLook } from "../viewer/from-sample";
import { LazyHandViewer } from "../viewer/lazy";
import type { ViewerHand } from "../viewer/scene";
import type { HandViewerIsland } from "../viewer/viewer";
import { Segmented } from "../widgets/field";
import { alignmentOf } from "./alignment";
import { SamplePicture } from "./sample-picture";
import { errorLimitOf } from "./scales";
import { KEYS_3D, Missing, OverlayToggles, Stage, type StageProps } from "./stage";

export interface HandStageProps extends StageProps {
  /** Told the viewer that lives, for figures. */
  readonly onViewer: (viewer: HandViewerIsland) => void;
}

/** In this stage the prediction is the coarse hand. */
const COARSE_KEYS = { ...KEYS_3D, coarse: "P" };

const NO_MESH = "This sample has no MANO parameters: its truth is a skeleton, and vertices have no error.";

/** Metrics by name of one of the two hands: "MPJPE 12.3 mm". */
const shortMetrics = (metrics: Readonly<Record<string, number>>): string =>
  (["mpjpe_mm", "pa_mpjpe_mm", "mpvpe_mm"] as const)
    .filter((name) => name in metrics)
    .map((name) => `${METRICS[name].label} ${fixed(metrics[name], 1)} mm`)
    .join(", ");

/** The coarse hand over the crop and beside the truth in 3D. */
export function CoarseStage({ state, view, onViewer }: HandStageProps) {
  const { errors } = view;
  const hands = useMemo(() => handsOfLook(view).filter(({ name }) => name !== "refined"), [view]);
  const picture = useMemo(() => pictureOfLook(view), [view]);
  return (
    <Stage
      name="coarse"
      controls={<OverlayToggles state={state} view={view} names={["truth", "predicted", "mesh", "depth"]} />}
      foot={`Coarse: ${shortMetrics(errors.coarse) || "no metrics, the prediction is not finite"}. Refined: ${shortMetrics(errors.metrics) || "no metrics"}.`}
    >
      <div class="stage-pair">
        <SamplePicture
          state={state}
          view={view}
          hand={view.coarse}
          label={`Coarse hand of sample ${view.id} over the crop`}
        />
        <LazyHandViewer
          hands={hands}
          picture={picture}
          label={`Truth and coarse hand of sample ${view.id} in 3D`}
          {...(state.joint.value !== undefined && { joint: state.joint.value })}
          onJoint={(joint) => {
            state.joint.value = joint;
          }}
          state={state.viewer}
          keys={COARSE_KEYS}
          onMount={onViewer}
        />
      </div>
    </Stage>
  );
}

/** All three hands in one 3D view. */
export function RefinedStage({ state, view, onViewer }: HandStageProps) {
  const hands = useMemo(() => handsOfLook(view), [view]);
  const picture = useMemo(() => pictureOfLook(view), [view]);
  const { errors } = view;
  if (errors.nonFinite) return <NotFinite name="refined" />;
  return (
    <Stage
      name="refined"
      foot={
        <>
          Refined: {shortMetrics(errors.metrics)}. Coarse: {shortMetrics(errors.coarse)}.{" "}
          {view.truth.vertices === undefined && NO_MESH}
        </>
      }
    >
      <LazyHandViewer
        hands={hands}
        picture={picture}
        label={`Truth, coarse and refined hand of sample ${view.id} in 3D`}
        {...(state.joint.value !== undefined && { joint: state.joint.value })}
        onJoint={(joint) => {
          state.joint.value = joint;
        }}
        state={state.viewer}
        keys={KEYS_3D}
        onMount={onViewer}
      />
    </Stage>
  );
}

function NotFinite({ name }: { readonly name: "refined" | "metrics" }) {
  return (
    <Stage name={name}>
      <Missing>
        The prediction holds a number that is not finite, so there is no hand and no error. The doctor on the Train page
        says where such numbers come from.
      </Missing>
    </Stage>
  );
}

/** The hands that the metrics compare: as predicted, or moved onto the truth. */
export function comparedHands(view: LookView, isAligned: boolean): readonly ViewerHand[] {
  const [truth, , refined] = handsOfLook(view);
  if (!isAligned) return [truth, refined];
  const { alignedJoints, alignedVertices, alignedVerticesMm } = view.errors;
  const { vertices: _, errors: __, ...rest } = refined;
  return [
    truth,
    {
      ...rest,
      joints: alignedJoints,
      // Alignment is about the true wrist.
      origin: view.truth.wrist,
      ...(alignedVertices && { vertices: alignedVertices }),
      ...(alignedVerticesMm && { errors: alignedVerticesMm.map((mm) => mm / 1000) }),
    },
  ];
}

/** Error heat before and after Procrustes alignment, and every metric. */
export function MetricsStage({ state, view, onViewer }: HandStageProps) {
  const isAligned = useSignal(false);
  const hands = useMemo(() => comparedHands(view, isAligned.value), [view, isAligned.value]);
  const picture = useMemo(() => pictureOfLook(view), [view]);
  const { errors } = view;
  const limit = useMemo(() => errors.verticesMm && errorLimitOf(errors.verticesMm) / 1000, [view]);
  if (errors.nonFinite) return <NotFinite name="metrics" />;
  return (
    <Stage
      name="metrics"
      controls={
        <Segmented
          label="Prediction"
          options={[
            { value: "plain", label: "As predicted" },
            {
              value: "aligned",
              label: "After Procrustes",
              title: "Moved onto the truth by the best similarity, without reflection",
            },
          ]}
          value={isAligned.value ? "aligned" : "plain"}
          onValue={(value) => {
            isAligned.value = value === "aligned";
          }}
        />
      }
      foot={
        <>
          {isAligned.value ? "After Procrustes." : "As predicted."} <AlignmentWords view={view} />{" "}
          {errors.verticesMm === undefined
            ? NO_MESH
            : "One scale of colours before and after, so that they can be compared."}
        </>
      }
    >
      <div class="with-side">
        <LazyHandViewer
          hands={hands}
          picture={picture}
          label={`Errors of sample ${view.id} in 3D`}
          {...(limit !== undefined && { limit })}
          {...(state.joint.value !== undefined && { joint: state.joint.value })}
          onJoint={(joint) => {
            state.joint.value = joint;
          }}
          state={state.viewer}
          keys={KEYS_3D}
          onMount={onViewer}
        />
        <MetricTable view={view} />
      </div>
    </Stage>
  );
}

/** What the best similarity is, and what it does to the error. */
function AlignmentWords({ view: { refined, truth, errors } }: { readonly view: LookView }) {
  const { degrees, scale, moveMm } = useMemo(
    () => alignmentOf(refined.joints, truth.joints),
    [refined.joints, truth.joints],
  );
  const { mpjpe_mm: before, pa_mpjpe_mm: after } = errors.metrics;
  return (
    <>
      Procrustes turns the hand by {fixed(degrees, 1)}°, makes it {fixed(scale, 3)} times as large and moves it by{" "}
      {fixed(moveMm, 1)} mm: the mean error of the 21 joints goes from {fixed(before, 1)} to {fixed(after, 1)} mm, which
      is what is wrong with the pose itself.
    </>
  );
}

/** What the names in the table mean. */
const MEANINGS: readonly (readonly [name: string, meaning: string])[] = [
  ["MPJPE, MPVPE", "mean distance of the 21 joints, of the vertices, laid wrist on wrist"],
  ["absolute", "the same where the camera sees the hand"],
  ["ST", "scaled to the true length from wrist to middle knuckle"],
  ["PA", "after Procrustes alignment"],
  ["AUC", "share of points within a distance, averaged over 0 to 50 mm"],
  ["F@5 mm", "how much of either surface has the other within 5 mm"],
];

const metricText = (name: MetricName, value: number | undefined): string =>
  fixed(value, METRICS[name].unit === "mm" ? 2 : 4);

function MetricTable({ view: { errors } }: { readonly view: LookView }) {
  const names = METRIC_NAMES.filter((name) => name in errors.metrics || name in errors.coarse);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="side-table" aria-label="All metrics of this sample" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Metric, n = 1</th>
            <th scope="col" class="number">
              Coarse
            </th>
            <th scope="col" class="number">
              Refined
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">
                {METRICS[name].label} <span class="unit">{METRICS[name].unit}</span>
              </th>
              <td class="number dim">{metricText(name, errors.coarse[name])}</td>
              <td class="number strong">{metricText(name, errors.metrics[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <dl class="meanings">
        {MEANINGS.map(([name, meaning]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
