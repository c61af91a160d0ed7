import { useSignal } from "@preact/signals";
import type { FaultRecord, RankStatus } from "../../train/events";
import type { StepTimes } from "../../train/ranks";
import { useStore } from "../context";
import { count, faultSentence, milliseconds, plural } from "../format";
import { Icon, type IconName } from "../widgets/icons";
import { meanTimes, PARTS, timesOfWorkers, totalMs } from "./rank-times";

const STATES: Record<RankStatus["state"], { readonly word: string; readonly icon: IconName }> = {
  starting: { word: "Starting", icon: "cycle" },
  building: { word: "Building", icon: "cycle" },
  training: { word: "Training", icon: "play" },
  lost: { word: "Lost", icon: "warn" },
  waiting: { word: "Waiting", icon: "clock" },
  ended: { word: "Ended", icon: "check" },
};

/** Who shares the steps, where each one's time goes, what failed. */
export function RankPanel() {
  const store = useStore();
  store.tick.value;
  const ranks = store.ranks.value;
  if (ranks.length === 0 && store.history.faults.length === 0) {
    return <p class="empty">The workers that share a run's steps are listed here, with where each one's time goes.</p>;
  }
  return (
    <div class="ranks">
      <RankTable ranks={ranks} />
      <Faults faults={store.history.faults} />
    </div>
  );
}

function RankTable({ ranks }: { readonly ranks: readonly RankStatus[] }) {
  const { times } = useStore();
  const pointed = useSignal<number | undefined>(undefined);
  const means = timesOfWorkers(ranks, times).map(meanTimes);
  const known = means.filter((each) => each !== undefined);
  const longest = Math.max(0, ...known.map(totalMs));
  const shown = pointed.value === undefined ? undefined : means[pointed.value];
  return (
    <section class="rank-times" aria-labelledby="rank-times-title">
      <div class="rank-legend">
        <h3 id="rank-times-title">
          {known.length === 0
            ? "Ranks"
            : `Where a step goes${times.length > 1 ? `, mean of ${times.length} steps` : ""}`}
        </h3>
        {known.length > 0 ? (
          <Legend times={shown ?? meanTimes(known)} isShared={known.length > 1} />
        ) : (
          ranks.some(({ state }) => state === "training") && (
            <p class="hint">Where each one's step goes is measured every few steps.</p>
          )
        )}
      </div>
      <ul
        class="rank-rows"
        onPointerLeave={() => {
          pointed.value = undefined;
        }}
      >
        {ranks.map((status, i) => (
          <RankRow
            key={status.rank}
            status={status}
            times={means[i]}
            longest={longest}
            onPoint={(isOn) => (pointed.value = isOn ? i : undefined)}
          />
        ))}
      </ul>
    </section>
  );
}

/** What the colours mean, with the figures of the bar that is pointed at, else the mean over ranks. */
function Legend({ times, isShared }: { readonly times: StepTimes | undefined; readonly isShared: boolean }) {
  return (
    <dl class="part-legend">
      {PARTS.map(({ key, label, title }) => (
        <div key={key} title={title}>
          <dt>
            <span class="part-swatch" data-part={key} />
            {label}
          </dt>
          <dd class="num">{milliseconds(times?.[key])}</dd>
        </div>
      ))}
      <div>
        <dt>step</dt>
        <dd class="num">{times === undefined ? "–" : milliseconds(totalMs(times))} ms</dd>
      </div>
      {isShared && times && (
        <div title="Gradients that were added up while others were still being read back">
          <dt>overlap</dt>
          <dd class="num">{Math.round(100 * times.overlap)} %</dd>
        </div>
      )}
    </dl>
  );
}

function RankRow({
  status: { rank, state, text, adapter },
  times,
  longest,
  onPoint,
}: {
  readonly status: RankStatus;
  readonly times: StepTimes | undefined;
  readonly longest: number;
  readonly onPoint: (isOn: boolean) => void;
}) {
  const { word, icon } = STATES[state];
  // Of one that trains the state says enough; of others the reason is what matters.
  const says = (state === "training" && adapter) || text || adapter;
  return (
    <li class="rank-row" data-state={state}>
      <span class="rank-name">Rank {rank}</span>
      <span class="rank-state">
        <Icon name={icon} />
        {word}
      </span>
      <span class="rank-says" title={[text, adapter].filter(Boolean).join(", ")}>
        {says}
      </span>
      {times === undefined ? (
        <span class="rank-bar-none" />
      ) : (
        // Its parts are read with the keyboard as they are with the pointer.
        <div
          class="rank-bar"
          role="img"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the legend tells the parts of the focused bar.
          tabIndex={0}
          aria-label={`Rank ${rank}, ${milliseconds(totalMs(times))} ms a step: ${PARTS.map(({ key, label }) => `${label} ${milliseconds(times[key])}`).join(", ")}`}
          onPointerEnter={() => onPoint(true)}
          onFocus={() => onPoint(true)}
          onBlur={() => onPoint(false)}
        >
          {PARTS.map(({ key }) => (
            <span key={key} data-part={key} style={{ width: `${(100 * times[key]) / longest}%` }} />
          ))}
        </div>
      )}
      <span class="rank-ms num">{times === undefined ? "" : `${milliseconds(totalMs(times))} ms`}</span>
    </li>
  );
}

function Faults({ faults }: { readonly faults: readonly FaultRecord[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys.
    <section class="faults" aria-labelledby="faults-title" tabIndex={0}>
      <h3 id="faults-title">{faults.length === 0 ? "Faults" : plural(faults.length, "fault")}</h3>
      {faults.length === 0 ? (
        <p class="hint">None. A rank that fails is replaced, and the run goes on from its last committed step.</p>
      ) : (
        <ol>{faults.map((fault, i) => <Fault key={i} fault={fault} />).reverse()}</ol>
      )}
    </section>
  );
}

function Fault({ fault }: { readonly fault: FaultRecord }) {
  const { rank, step, replayed, reason } = fault;
  const size =
    fault.ranks_before === fault.ranks_after
      ? plural(fault.ranks_after, "rank")
      : `${fault.ranks_before} → ${plural(fault.ranks_after, "rank")}`;
  return (
    <li>
      <p class="fault-head">
        <strong>{rank < 0 ? "All ranks" : `Rank ${rank}`}</strong>
        <span class="fault-reason">{reason}</span>
        <span class="hint num">
          step {count(step)}, {plural(replayed, "step")} again, {size}
        </span>
      </p>
      <p>{faultSentence(fault)}</p>
      <p class="hint num">
        Seen after {milliseconds(fault.detected_ms)} ms, training again {milliseconds(fault.recovered_ms)} ms later
      </p>
    </li>
  );
}
