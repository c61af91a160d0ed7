/** What a what-if changed, number by number. Pure. */
import { METRICS, type MetricName } from "../../metrics/judge";
import type { LookNumbers } from "../../train/inspect/types";

export interface DiffRow {
  readonly name: string;
  readonly unit: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** after - before; undefined where one of them is not there. */
  readonly change: number | undefined;
  /** Undefined where nothing changed or a number is missing. */
  readonly isBetter: boolean | undefined;
}

const SHOWN: readonly MetricName[] = ["mpjpe_mm", "pa_mpjpe_mm", "mpvpe_mm", "pa_mpvpe_mm"];

/**
 * One row; less is better unless `isMoreBetter`. Changes below a part in 10 million, and below a hundredth of a millimetre, are
 * float32's, not the what-if's.
 */
export function diffRow(
  name: string,
  unit: string,
  before: number | undefined,
  after: number | undefined,
  isMoreBetter = false,
): DiffRow {
  if (before === undefined || after === undefined || !Number.isFinite(after - before)) {
    return { name, unit, before, after, change: undefined, isBetter: undefined };
  }
  const change = after - before;
  const least = Math.max(1e-7 * Math.max(Math.abs(before), Math.abs(after)), unit === "mm" ? 0.005 : 0);
  const isSame = Math.abs(change) <= least;
  return {
    name,
    unit,
    before,
    after,
    change: isSame ? 0 : change,
    isBetter: isSame ? undefined : change > 0 === isMoreBetter,
  };
}

/** Metrics, losses and the share inside of the maps, before and after. */
export function diffNumbers(before: LookNumbers, after: LookNumbers): readonly DiffRow[] {
  const metrics = SHOWN.filter((name) => name in before.errors.metrics || name in after.errors.metrics);
  return [
    ...metrics.map((name) =>
      diffRow(METRICS[name].label, METRICS[name].unit, before.errors.metrics[name], after.errors.metrics[name]),
    ),
    ...[...after.losses]
      .sort((a, b) => Number(b.name === "total_loss") - Number(a.name === "total_loss"))
      .map(({ name, value }) => diffRow(name, "", before.losses.find((each) => each.name === name)?.value, value)),
    diffRow("in_map_share", "", before.inMapShare, after.inMapShare, true),
  ];
}

/** Lines from joints to where they are projected to, [n, 4] px: x, y and the end, `times` as long as they are. */
export function residualLines(joints: ArrayLike<number>, projected: ArrayLike<number>, times: number): Float64Array {
  const out = new Float64Array(2 * joints.length);
  for (let i = 0; i < joints.length / 2; i++) {
    const [x, y] = [joints[2 * i], joints[2 * i + 1]];
    out.set([x, y, x + times * (projected[2 * i] - x), y + times * (projected[2 * i + 1] - y)], 4 * i);
  }
  return out;
}

/** The power of ten, from 1 to 1000, that makes a largest residual up to `wanted` px long. */
export function magnification(largest: number, wanted = 10): number {
  if (!(largest > 0)) return 1;
  return 10 ** Math.max(0, Math.min(3, Math.floor(Math.log10(wanted / largest))));
}
