/** A histogram on which a range is chosen: by dragging over it, or with the keys of its two handles. */
import { useMemo, useRef } from "preact/hooks";
import { count, plural } from "../format";
import { written } from "./grid-paint";
import { binsOf, domainOf, histogram, rangeBetween, type ValueRange } from "./grid-select";
import { columnInfo } from "./grid-table";

const BINS = 24;
/** CSS pixels of the bars. */
const HEIGHT = 40;

interface HistogramProps {
  readonly column: string;
  readonly values: Float32Array;
  /** 1 for each sample that passes all filters but this one. */
  readonly mask: Uint8Array;
  readonly range: ValueRange | undefined;
  readonly onRange: (range: ValueRange | undefined) => void;
}

export function RangeHistogram({ column, values, mask, range, onRange }: HistogramProps) {
  const plot = useRef<HTMLDivElement>(null);
  const start = useRef<number | undefined>(undefined);
  const { label, unit, says } = columnInfo(column);
  const domain = useMemo(() => domainOf(values, unit === "%"), [values, unit]);
  const counts = useMemo(() => histogram(values, mask, domain, BINS), [values, mask, domain]);
  const known = counts.reduce((sum, each) => sum + each, 0);
  const [first, last] = binsOf(range, domain, BINS);
  let chosen = 0;
  for (let i = 0; i < values.length; i++) {
    if (mask[i] === 1 && (range === undefined ? !Number.isNaN(values[i]) : isIn(values[i], range))) chosen++;
  }
  const shareAt = (event: PointerEvent): number => {
    const { left, width } = plot.current!.getBoundingClientRect();
    return (event.clientX - left) / width;
  };
  const between = (a: number, b: number): void => onRange(rangeBetween(a, b, domain, BINS));
  const handle = (end: "from" | "to") => {
    const at = end === "from" ? first : last;
    const limits = end === "from" ? ([0, last - 1] as const) : ([first + 1, BINS] as const);
    const moveTo = (bin: number): void => {
      const held = Math.max(limits[0], Math.min(limits[1], bin));
      // Half a bin inside, where rounding cannot lead into another bin.
      if (end === "from") between((held + 0.5) / BINS, (last - 0.5) / BINS);
      else between((first + 0.5) / BINS, (held - 0.5) / BINS);
    };
    return (
      <div
        role="slider"
        class="range-handle"
        tabIndex={0}
        style={{ left: `${(100 * at) / BINS}%` }}
        aria-label={`${label} ${end}`}
        aria-valuemin={limits[0]}
        aria-valuemax={limits[1]}
        aria-valuenow={at}
        aria-valuetext={endText(column, at, domain, end)}
        onKeyDown={(event) => {
          const to = {
            ...{ ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1 },
            ...{ PageDown: at - 4, PageUp: at + 4, Home: limits[0], End: limits[1] },
          }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          moveTo(to);
        }}
      />
    );
  };
  const most = Math.max(1, ...counts);
  return (
    <fieldset class="grid-histogram" data-column={column} title={says}>
      <legend>
        {label}
        {unit !== "" && <span class="unit"> {unit}</span>}
      </legend>
      <div
        ref={plot}
        class="range-plot"
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          start.current = shareAt(event);
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (start.current !== undefined) between(start.current, shareAt(event));
        }}
        onPointerUp={(event) => {
          if (start.current !== undefined) between(start.current, shareAt(event));
          start.current = undefined;
        }}
        onPointerCancel={() => {
          start.current = undefined;
        }}
      >
        <svg viewBox={`0 0 ${BINS} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {Array.from(counts, (n, bin) => {
            // A single sample is seen beside a thousand.
            const height = n === 0 ? 0 : Math.max(1.5, (n / most) * HEIGHT);
            const isOut = bin < first || bin >= last;
            return <rect key={bin} x={bin + 0.06} y={HEIGHT - height} width={0.88} height={height} data-out={isOut} />;
          })}
        </svg>
        {handle("from")}
        {handle("to")}
      </div>
      <div class="range-ends">
        <span class="num">{endText(column, range === undefined ? 0 : first, domain, "from")}</span>
        <span class="num">
          {range === undefined
            ? known === mask.length
              ? `n = ${count(known)}`
              : `n = ${count(known)}, ${count(absentOf(values))} without`
            : `n = ${count(chosen)} of ${count(known)}`}
        </span>
        <span class="num">{endText(column, range === undefined ? BINS : last, domain, "to")}</span>
      </div>
      {range !== undefined && (
        <button
          type="button"
          class="small"
          onClick={() => onRange(undefined)}
          aria-label={`Reset ${label}`}
          title={`Show all of ${label}: ${plural(known, "sample")}`}
        >
          Reset
        </button>
      )}
    </fieldset>
  );
}

const isIn = (value: number, [low, high]: ValueRange): boolean => value >= low && value <= high;

function absentOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
}

/** The value at an edge of bins; beyond the last edge there may be more. */
function endText(column: string, bin: number, [low, high]: ValueRange, end: "from" | "to"): string {
  const text = written(column, low + ((high - low) * bin) / BINS);
  return end === "to" && bin === BINS && columnInfo(column).unit !== "%" ? `${text} or more` : text;
}
