import { useSignal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";
import type { ProfileReport } from "../../train/events";
import { layoutNotes, type Span, timelineOf } from "../../train/timeline";
import { milliseconds, plural } from "../format";
import { useIsland } from "../widgets/use-island";
import type { ProfileRecording } from "./recordings";
import type { ProfileState } from "./state";
import { lanesOf, sumsIn } from "./timeline-camera";
import { TimelineIsland } from "./timeline-island";
import { neededHeight } from "./timeline-paint";
import { amount, three } from "./units";

const HINT =
  "W and S zoom, A and D move, arrows go from kernel to kernel, Home shows all, R selects what is seen. Drag moves, Shift and drag selects a range.";

/** Kernels, host and ranks of the recorded step over time. */
export function TimelineView({
  recording: { report, ranks },
  state,
}: {
  readonly recording: ProfileRecording;
  readonly state: ProfileState;
}) {
  const timeline = useMemo(() => timelineOf(report, ranks), [report, ranks]);
  const height = useMemo(() => neededHeight(lanesOf(timeline)), [timeline]);
  const hovered = useSignal<Span | undefined>(undefined);
  const hint = useId();
  const island = useIsland(() => new TimelineIsland(), {
    timeline,
    chosen: state.chosen.value,
    range: state.range.value,
    onChoose: (row: number | undefined) => {
      if (row === undefined) state.chosen.value = undefined;
      else state.choose(row);
    },
    onRange: (range) => (state.range.value = range),
    onHover: (span) => (hovered.value = span),
  });
  const notes = useMemo(() => layoutNotes(report, ranks), [report, ranks]);
  const { range } = state;
  const sums = range.value && sumsIn(timeline, report.rows, range.value);
  const rate = (work: number, ms: number) => (ms > 0 ? three(work / ms / 1e6) : "–");
  return (
    <section class="timeline" aria-label="Timeline">
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: moved and zoomed by keys. */}
      <div
        ref={island}
        class="timeline-canvas"
        role="application"
        aria-label={`Timeline of ${plural(report.rows.length, "kernel")} over ${milliseconds(timeline.endMs)} ms`}
        aria-describedby={hint}
        tabIndex={0}
        style={{ height: `${height}px` }}
      />
      {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above. */}
      <p class="timeline-says">
        <span aria-live="polite">
          {sums !== undefined &&
            `Range of ${milliseconds(range.value!.toMs - range.value!.fromMs)} ms: ${plural(sums.calls, "kernel")} for ${milliseconds(sums.ms)} ms (measured); ${amount(sums.flops, "FLOP")}, ${amount(sums.bytes, "B")}, ${rate(sums.flops, sums.ms)} GFLOP/s, ${rate(sums.bytes, sums.ms)} GB/s (modelled). `}
        </span>
        {hovered.value === undefined ? (
          <span id={hint} class={sums === undefined ? "" : "sr-only"}>
            {HINT}
          </span>
        ) : (
          <span>{spanText(hovered.value, report)}</span>
        )}
      </p>
      <details class="timeline-clocks">
        <summary>{notes.gpu} Tracks share no clock.</summary>
        <p>
          {notes.host} {notes.ranks}
        </p>
      </details>
    </section>
  );
}

function spanText({ name, durationMs, row }: Span, report: ProfileReport): string {
  const about = row === undefined ? undefined : report.rows[row];
  if (about === undefined) return `${name}: ${milliseconds(durationMs)} ms`;
  const spread = `${milliseconds(about.minMs)} to ${milliseconds(about.maxMs)} ms over ${about.timings}`;
  const drawn = about.span === undefined ? "" : `${milliseconds(durationMs)} ms here, `;
  return `${name}, ${about.scope || "no module"}, ${about.pass}: ${drawn}median ${milliseconds(about.ms)} ms (${spread}), ${about.workgroups.join(" × ")} workgroups`;
}
