import type { DataSummary, Histogram, JointState, JointVisibility, PoseRange } from "../../data/summary";
import { manoJointName } from "../../data/summary/lines";
import { count, fixed } from "../format";
import { fingerProperty, JOINT_NAMES } from "../widgets/skeleton";
import { Scroll } from "./scroll";

/** How distances, sizes, visibility and poses are spread. */
export function Distributions({ summary }: { readonly summary: DataSummary }) {
  return (
    <Scroll label="Distributions" class="distributions">
      <div class="histograms">
        {summary.histograms.map((each) => (
          <HistogramFigure key={each.label} histogram={each} />
        ))}
      </div>
      <div class="joint-figures">
        {summary.visibility.length > 0 && <Visibility joints={summary.visibility} />}
        {summary.pose.length > 0 && <Pose joints={summary.pose} />}
      </div>
    </Scroll>
  );
}

function HistogramFigure({ histogram }: { readonly histogram: Histogram }) {
  const { label, unit, from, step, counts, n, missing, p5, median, p95 } = histogram;
  const most = Math.max(...counts);
  const to = from + step * counts.length;
  const decimals = step < 1 ? 1 : 0;
  const place = (value: number): string => `${(100 * (value - from)) / (to - from)}%`;
  // No minus before a zero.
  const value = (x: number): string => fixed(x, decimals).replace(/^-(?=0(\.0)?$)/, "");
  const says = `median ${value(median)}, 90 % in ${value(p5)} to ${value(p95)} ${unit}`;
  return (
    <figure class="histogram">
      <figcaption>
        {label} <span class="unit">{unit}</span>
      </figcaption>
      <div class="bins" role="img" aria-label={`${label}: ${says}, ${n} values`}>
        {counts.map((each, bin) => (
          <span
            key={from + step * bin}
            style={{ height: `${each === 0 ? 0 : Math.max(2, (100 * each) / most)}%` }}
            data-inner={from + step * (bin + 1) > p5 && from + step * bin < p95}
            title={`${fixed(from + step * bin, decimals)} to ${fixed(from + step * (bin + 1), decimals)} ${unit}: ${count(each)}`}
          />
        ))}
        <i style={{ left: place(median) }} />
      </div>
      <div class="bins-axis num">
        <span>{fixed(from, decimals)}</span>
        <span>{fixed(to, decimals)}</span>
      </div>
      <p class="hint num">
        {says}; n = {count(n)}
        {missing > 0 && `, ${count(missing)} without`}
      </p>
    </figure>
  );
}

const STATE_NAMES: Readonly<Record<JointState, string>> = {
  seen: "seen",
  hidden: "hidden by something nearer",
  "no reading": "no depth reading",
  outside: "outside the picture",
};
const STATES = ["seen", "no reading", "hidden", "outside"] as const;

function Visibility({ joints }: { readonly joints: readonly JointVisibility[] }) {
  return (
    <figure class="joint-figure">
      <figcaption>
        Joint visibility <span class="unit">share of {count(joints[0].frames)} frames</span>
      </figcaption>
      <ul class="key">
        {STATES.map((state) => (
          <li key={state}>
            <span class="share" data-joint-state={state} />
            {STATE_NAMES[state]}
          </li>
        ))}
      </ul>
      <ul class="joint-rows">
        {joints.map(({ joint, shares }) => (
          <li key={joint} style={{ "--swatch": `var(${fingerProperty(joint)}-ink)` }}>
            <span class="swatch" />
            <span class="joint-name">{JOINT_NAMES[joint]}</span>
            <span
              class="shares"
              title={STATES.map((state) => `${STATE_NAMES[state]} ${fixed(100 * shares[state], 0)} %`).join(", ")}
            >
              {STATES.map((state) => (
                <span key={state} class="share" data-joint-state={state} style={{ width: `${100 * shares[state]}%` }} />
              ))}
            </span>
            <span class="num">
              {fixed(100 * shares.seen, 0)} %<span class="sr-only"> seen</span>
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** OpenPose's joint at each place of MANO's 15 finger joints, for its colour. */
const OPENPOSE_OF_MANO = [5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3];

function Pose({ joints }: { readonly joints: readonly PoseRange[] }) {
  const most = Math.max(90, ...joints.map(({ high }) => high));
  const at = (degrees: number): string => `${(100 * degrees) / most}%`;
  const rows = [...joints].sort((a, b) => OPENPOSE_OF_MANO[a.joint] - OPENPOSE_OF_MANO[b.joint]);
  return (
    <figure class="joint-figure">
      <figcaption>
        Pose range <span class="unit">degrees from the flat hand</span>
      </figcaption>
      <ul class="key">
        <li>
          <span class="share pose-thin" />
          all frames
        </li>
        <li>
          <span class="share pose-thick" />
          90 % of them
        </li>
        <li>median at the notch, 0 to {fixed(most, 0)}°</li>
      </ul>
      <ul class="joint-rows">
        {rows.map(({ joint, low, p5, median, p95, high }) => (
          <li key={joint} style={{ "--swatch": `var(${fingerProperty(OPENPOSE_OF_MANO[joint])}-ink)` }}>
            <span class="swatch" />
            <span class="joint-name">{manoJointName(joint)}</span>
            <span
              class="pose-range"
              title={`${fixed(low, 0)} to ${fixed(high, 0)}°, 90 % in ${fixed(p5, 0)} to ${fixed(p95, 0)}°`}
            >
              <span class="pose-thin" style={{ left: at(low), width: at(high - low) }} />
              <span class="pose-thick" style={{ left: at(p5), width: at(p95 - p5) }} />
              <i style={{ left: at(median) }} />
            </span>
            <span class="num">
              {fixed(median, 0)}°<span class="sr-only"> median</span>
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
