import type { Series } from "../../doctor/log/types";
import { count, significant } from "../format";
import type { ReadRun } from "./state";

const WIDTH = 160;
const HEIGHT = 20;
/** Points that a curve of this width can show. */
const MOST_POINTS = 320;

/** The curves of a log's run: where each began, its best, where it ended, and its shape. */
export function Curves({ run }: { readonly run: ReadRun }) {
  return (
    <>
      <header class="finding-head">
        <h3>{run.name}</h3>
        <span class="hint">{run.place}</span>
      </header>
      <table class="evidence curves">
        <thead>
          <tr>
            {["Curve", "Shape", "First", "Lowest", "Last", "n"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {run.series.map((series) => (
            <tr key={`${series.split}/${series.name}`}>
              <th scope="row">
                {series.split}/{series.name}
              </th>
              <td>
                <Sparkline series={series} />
              </td>
              <td class="num">{significant(series.first.value)}</td>
              <td class="num">{significant(series.lowest?.value)}</td>
              <td class="num">{significant(series.last.value)}</td>
              <td class="num">
                {count(series.count)}
                {series.nonFinite > 0 && <span class="bad">, {count(series.nonFinite)} not finite</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Decorative: the numbers beside it are what a person can read out. A gap is a value that is not finite. */
function Sparkline({ series }: { readonly series: Series }) {
  const stride = Math.max(1, Math.ceil(series.points.length / MOST_POINTS));
  const values = series.points.filter((_, i) => i % stride === 0).map(({ value }) => value);
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const range = Math.max(...finite) - low;
  const at = (value: number, i: number): string => {
    const [x, y] = [i / Math.max(1, values.length - 1), range > 0 ? (value - low) / range : 0.5];
    return `${(x * WIDTH).toFixed(1)} ${(HEIGHT - 1 - y * (HEIGHT - 2)).toFixed(1)}`;
  };
  let isDrawn = false;
  const path = values.map((value, i) => {
    const step = Number.isFinite(value) ? `${isDrawn ? "L" : "M"}${at(value, i)}` : "";
    isDrawn = step !== "";
    return step;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path.join("")} />
    </svg>
  );
}
