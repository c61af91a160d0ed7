import { useMemo } from "preact/hooks";
import type { MemoryReport, ProfileReport } from "../../train/events";
import { liveBytes } from "../../train/live-bytes";
import { bytes, plural } from "../format";
import { BasisMark } from "./columns";
import type { ProfileState } from "./state";

const TOTALS: readonly {
  readonly key: keyof MemoryReport["totals"];
  readonly label: string;
  readonly title: string;
}[] = [
  { key: "parameters", label: "Parameters", title: "Weights and running statistics" },
  { key: "gradients", label: "Gradients", title: "One for each trained weight" },
  { key: "moments", label: "Moments", title: "AdamW's two for each trained weight" },
  { key: "activations", label: "Activations", title: "Buffers of the training plan, after sharing" },
  { key: "evaluation", label: "Evaluation", title: "Buffers of the plan of evaluations" },
  { key: "constants", label: "Constants", title: "The hand model and index lists" },
  { key: "rest", label: "Sums, staging", title: "What remains: sums of micro-batches, staging, dims" },
];

/** Least bytes of a tensor's bar, as a part of the largest. */
const SHOWN = 60;

/** Where the memory of the step goes, and when. */
export function MemoryView({ report, state }: { readonly report: ProfileReport; readonly state: ProfileState }) {
  const { memory } = report;
  const { totals, slots, unshared, tensors } = memory;
  const count = useMemo(() => tensors.reduce((most, { last }) => Math.max(most, last), 0) + 1, [tensors]);
  const live = useMemo(() => liveBytes(tensors, count), [tensors, count]);
  const peak = Math.max(...live, 1);
  const peakAt = live.indexOf(peak);
  const largest = useMemo(() => [...tensors].sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN), [tensors]);
  const chosen = state.chosen.value;
  const points = live.map(
    (value, i) =>
      `${(100 * i) / count},${100 - (96 * value) / peak} ${(100 * (i + 1)) / count},${100 - (96 * value) / peak}`,
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="memory" tabIndex={0} aria-label="Memory">
      <h2>
        {bytes(totals.allocated)} of GPU memory (highest so far {bytes(totals.peak)})
        <BasisMark of="e" title="exact: as allocated" />
      </h2>
      <div class="memory-bar" aria-hidden="true">
        {TOTALS.map(({ key, title }) => (
          <span key={key} data-part={key} title={title} style={{ flexGrow: totals[key] }} />
        ))}
      </div>
      <dl class="memory-totals">
        {TOTALS.map(({ key, label, title }) => (
          <div key={key} title={title}>
            <dt>
              <span class="swatch" data-part={key} />
              {label}
            </dt>
            <dd>{bytes(totals[key])}</dd>
          </div>
        ))}
      </dl>
      <h2>
        Activations of the training plan over its {plural(count, "dispatch", "dispatches")}
        <BasisMark of="e" title="exact: as the plan places them" />
      </h2>
      <p class="hint">
        {plural(tensors.length, "tensor")} of {bytes(unshared)} share {plural(slots.length, "buffer")} of{" "}
        {bytes(totals.activations)}. At most {bytes(peak)} are alive at once, at dispatch {peakAt} (
        {report.rows[peakAt]?.kernel}).
      </p>
      <div class="lives">
        <svg
          class="lives-sum"
          viewBox="0 0 100 100"
          preserveAspectRatio="none"
          role="img"
          aria-label={`Bytes alive at each dispatch, at most ${bytes(peak)}`}
        >
          <polygon points={`0,100 ${points.join(" ")} 100,100`} />
        </svg>
        <ol>
          {largest.map(({ name, bytes: size, slot, first, last, isKept }) => (
            <li
              key={`${name}:${first}`}
              title={`${name}: ${bytes(size)}, dispatches ${first} to ${last}, buffer ${slot} of ${bytes(slots[slot])}`}
            >
              <span class="life-name mono">{name}</span>
              <span class="life-size num">{bytes(size)}</span>
              <span class="life-track">
                <span
                  data-kept={isKept}
                  data-live={chosen !== undefined && chosen >= first && chosen <= last}
                  style={{ left: `${(100 * first) / count}%`, width: `${(100 * (last - first + 1)) / count}%` }}
                />
              </span>
              <span class="life-slot dim num">#{slot}</span>
            </li>
          ))}
        </ol>
      </div>
      <p class="hint">
        The {largest.length} largest, from their first to their last dispatch; # is the buffer that they share. Bars
        with an outline are kept through the whole step, for the host.
      </p>
    </section>
  );
}
