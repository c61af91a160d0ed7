/** Decades of a log axis that get ticks. */
const MOST_DECADES = 40;

/**
 * Ticks of a log axis: 1 to 9 of each decade inside [low, high]. uPlot's own never end when the axis begins just below a
 * power of ten (0.0096: its next tick rounds past 0.01, and from there to 0 for ever).
 */
export function logTicks(low: number, high: number): number[] {
  if (!(low > 0 && high >= low && Number.isFinite(high))) return [];
  const first = Math.floor(Math.log10(low));
  const last = Math.min(Math.ceil(Math.log10(high)), first + MOST_DECADES);
  const ticks: number[] = [];
  for (let decade = first; decade <= last; decade++) {
    for (let digit = 1; digit <= 9; digit++) ticks.push(Number(`${digit}e${decade}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}
