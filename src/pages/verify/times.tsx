/** Times of a kernel beside each other, as bars. */
import type { Check } from "../../verify/types";
import { milliseconds } from "../format";

export const BARS = [
  { key: "ours", label: "Ours", title: "Our kernels: inputs written, run, result read back; wall clock, median" },
  {
    key: "gpuJsWebGpu",
    label: "gpu.js",
    title: "The formula as gpu.js compiles it to WebGPU: all its stages, each read back before the next",
  },
  { key: "gpuJsCpu", label: "CPU", title: "The formula in plain JavaScript" },
] as const;

/** One of the three times of a kernel; the longest of them has a full bar. */
export function Time({
  times,
  which,
  failure,
}: {
  readonly times: Check["times"] | undefined;
  readonly which: (typeof BARS)[number]["key"];
  readonly failure: string | undefined;
}) {
  const value = times?.[which];
  if (times !== undefined && which === "gpuJsWebGpu" && failure !== undefined)
    return (
      <td class="time" title={failure}>
        <span class="dim">cannot</span>
      </td>
    );
  if (times === undefined || value === undefined) return <td class="time dim">–</td>;
  const most = Math.max(...BARS.map(({ key }) => times[key] ?? 0));
  return (
    <td class="time">
      <span class="time-bar" data-bar={which}>
        <span class="time-track" aria-hidden="true">
          <span style={{ transform: `scaleX(${most > 0 ? value / most : 0})` }} />
        </span>
        {/* The clock of a page stands still for up to a tenth of a millisecond. */}
        <span class="num">{value < 0.005 ? "< 0.1" : milliseconds(value)}</span>
      </span>
    </td>
  );
}
