import { useMemo } from "preact/hooks";
import type { Peaks, ProfileReport } from "../../train/events";
import { milliseconds, plural } from "../format";
import type { ProfileRecording } from "./recordings";
import { aboveRoof, decades, type RooflineDot, roofAt, rooflineBounds, rooflineDots } from "./roofline";
import type { ProfileState } from "./state";
import { amount, three } from "./units";

/** Units of the drawing, which scales to its place. */
const [WIDTH, HEIGHT] = [900, 420];
const EDGE = { left: 64, right: 16, top: 14, bottom: 42 };

/** Each dispatch by its intensity and rate, under what this adapter reaches at best. */
export function RooflineView({
  recording,
  state,
}: {
  readonly recording: ProfileRecording;
  readonly state: ProfileState;
}) {
  const { report } = recording;
  const peaks = state.peaks.value;
  const dots = useMemo(() => rooflineDots(report), [report]);
  const isBusy = state.busy.value !== undefined;
  return (
    <div class="roofline">
      <div class="table-tools">
        {(recording.isOpened !== true || recording.peaks === undefined) && (
          <button type="button" onClick={() => state.measurePeaks()} disabled={isBusy} aria-busy={isBusy}>
            {peaks === undefined ? "Measure this adapter's peaks" : "Measure the peaks again"}
          </button>
        )}
        <p class="basis-legend">
          {peaks === undefined
            ? "Two probes of some seconds: independent fused multiply-adds, and a triad over buffers that no cache holds."
            : `Measured: ${three(peaks.gflops)} GFLOP/s of multiply-adds, ${three(peaks.gbps)} GB/s of a triad over ${amount(peaks.bandwidthBytes, "B")}; ${peaks.clock}, n = ${peaks.n}, on ${peaks.adapter}.`}
          {peaks !== undefined && ` ${caveat(recording, dots, peaks)}`}
        </p>
        <ul class="pass-legend" aria-label="Colours">
          {(["forward", "backward", "update"] as const).map((pass) => (
            <li key={pass} class="pass" data-pass={pass}>
              {pass}
            </li>
          ))}
          <li>area: share of the time</li>
        </ul>
      </div>
      {dots.length === 0 ? (
        <p class="empty">No dispatch of this recording counts operations and has a time.</p>
      ) : (
        <Drawing dots={dots} peaks={peaks} report={report} state={state} />
      )}
    </div>
  );
}

/** What the roof does not say of this recording, as sentences. */
function caveat(
  { report, isOpened, peaks: own }: ProfileRecording,
  dots: readonly RooflineDot[],
  peaks: Peaks,
): string {
  if (peaks.adapter !== report.adapter) return "The recording is of another adapter.";
  const { flat, slope, times } = aboveRoof(dots, peaks);
  return [
    isOpened === true && own === undefined
      ? "The peaks are of this session, the recording is from a file: both adapters have the same name."
      : "",
    flat > 0
      ? `${plural(flat, "dispatch lies", "dispatches lie")} above what multiply-adds reached, by up to ${three(times)} times: the adapter had less to give while the peaks were measured than during the recording. Measure them again.`
      : "",
    slope > 0 ? `${plural(slope, "dispatch lies", "dispatches lie")} above the slope: caches hold their data.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

function Drawing({
  dots,
  peaks,
  report,
  state,
}: {
  readonly dots: readonly RooflineDot[];
  readonly peaks: Peaks | undefined;
  readonly report: ProfileReport;
  readonly state: ProfileState;
}) {
  const { x: xs, y: ys } = rooflineBounds(dots, peaks);
  const scale = (value: number, [low, high]: readonly [number, number], from: number, to: number) =>
    from + ((Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) * (to - from);
  const x = (value: number) => scale(value, xs, EDGE.left, WIDTH - EDGE.right);
  const y = (value: number) => scale(value, ys, HEIGHT - EDGE.bottom, EDGE.top);
  const [bottom, right] = [HEIGHT - EDGE.bottom, WIDTH - EDGE.right];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the table of kernels chooses the same by keyboard.
    <svg
      class="roofline-chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Roofline of ${dots.length} dispatches: operations per byte against GFLOP/s, both logarithmic`}
      onClick={({ target }) => {
        const row = target instanceof SVGElement ? target.dataset.row : undefined;
        if (row !== undefined) state.choose(Number(row));
      }}
    >
      {decades(xs).map((value) => (
        <g key={value}>
          <line class="roof-grid" x1={x(value)} x2={x(value)} y1={EDGE.top} y2={bottom} />
          <text x={x(value)} y={bottom + 16} text-anchor="middle">
            {value}
          </text>
        </g>
      ))}
      {decades(ys).map((value) => (
        <g key={value}>
          <line class="roof-grid" x1={EDGE.left} x2={right} y1={y(value)} y2={y(value)} />
          <text x={EDGE.left - 8} y={y(value) + 4} text-anchor="end">
            {value}
          </text>
        </g>
      ))}
      <text x={(EDGE.left + right) / 2} y={HEIGHT - 6} text-anchor="middle">
        FLOP per byte (modelled)
      </text>
      <text transform={`translate(14 ${(EDGE.top + bottom) / 2}) rotate(-90)`} text-anchor="middle">
        GFLOP/s (modelled / measured)
      </text>
      {peaks !== undefined && <Roof peaks={peaks} low={Math.max(xs[0], ys[0] / peaks.gbps)} high={xs[1]} x={x} y={y} />}
      {dots.map((dot) => (
        <Dot key={dot.row} dot={dot} x={x} y={y} report={report} isChosen={dot.row === state.chosen.value} />
      ))}
    </svg>
  );
}

type Scale = (value: number) => number;

function Roof({
  peaks,
  low,
  high,
  x,
  y,
}: {
  readonly peaks: Peaks;
  readonly low: number;
  readonly high: number;
  readonly x: Scale;
  readonly y: Scale;
}) {
  const ridge = peaks.gflops / peaks.gbps;
  const corner = Math.max(low, Math.min(high, ridge));
  const points = [low, corner, high].map((value) => `${x(value)},${y(roofAt(peaks, value))}`).join(" ");
  return (
    <>
      <polyline class="roof" points={points} />
      <text class="roof-text" x={x(corner) + 6} y={y(roofAt(peaks, corner)) - 5}>
        {three(peaks.gflops)} GFLOP/s · {three(peaks.gbps)} GB/s
      </text>
    </>
  );
}

function Dot({
  dot: { row, intensity, gflops, share },
  x,
  y,
  report,
  isChosen,
}: {
  readonly dot: RooflineDot;
  readonly x: Scale;
  readonly y: Scale;
  readonly report: ProfileReport;
  readonly isChosen: boolean;
}) {
  const { kernel, scope, pass, ms } = report.rows[row];
  return (
    <circle
      data-row={row}
      data-pass={pass}
      data-chosen={isChosen}
      cx={x(intensity)}
      cy={y(gflops)}
      r={3 + 14 * Math.sqrt(share)}
    >
      <title>{`${kernel}, ${scope}: ${milliseconds(ms)} ms, ${three(gflops)} GFLOP/s, ${three(intensity)} FLOP/B`}</title>
    </circle>
  );
}
