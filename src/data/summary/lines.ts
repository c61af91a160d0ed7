/** A summary as text for a terminal, at most 110 columns wide. */
import type { DataSummary } from "../summary";
import type { Verdict } from "./health";
import type { Histogram } from "./histogram";

const VERDICTS: Record<Verdict, string> = { good: "ok  ", look: "look", bad: "BAD ", unknown: "-   " };
const LEVELS = " ▁▂▃▄▅▆▇█";
const JOINTS = ["CMC", "MCP", "IP", "tip", "MCP", "PIP", "DIP", "tip"];
const FINGERS = ["thumb", "index", "middle", "ring", "pinky"];
/** MANO's order of the fingers. */
const MANO_FINGERS = ["index", "middle", "pinky", "ring", "thumb"];

const whole = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const some = (n: number, noun: string): string => `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Bars of text, the tallest 8 eighths high; a bin that is not empty shows at least one. */
export function spark(counts: readonly number[]): string {
  const most = Math.max(1, ...counts);
  return counts.map((n) => LEVELS[n === 0 ? 0 : Math.max(1, Math.round((8 * n) / most))]).join("");
}

function histogramLine({ label, unit, counts, from, step, n, missing, p5, median, p95 }: Histogram): string {
  const decimals = step < 1 ? 1 : 0;
  const value = (x: number): string => x.toFixed(decimals);
  const without = missing > 0 ? `, ${whole(missing)} without` : "";
  return `  ${label.padEnd(32)}${value(from)} ${spark(counts)} ${value(from + step * counts.length)} ${unit}; 5 % ${value(p5)}, median ${value(median)}, 95 % ${value(p95)} (n = ${whole(n)}${without})`;
}

function jointName(joint: number): string {
  if (joint === 0) return "wrist";
  const finger = Math.floor((joint - 1) / 4);
  return `${FINGERS[finger]} ${JOINTS[((joint - 1) % 4) + (finger === 0 ? 0 : 4)]}`;
}

/** The name of one of MANO's 15 finger joints, in its own order. */
export function manoJointName(joint: number): string {
  const finger = MANO_FINGERS[Math.floor(joint / 3)];
  const names = finger === "thumb" ? ["CMC", "MCP", "IP"] : ["MCP", "PIP", "DIP"];
  return `${finger} ${names[joint % 3]}`;
}

/** What a person reads after an import: the set, its cameras, split and distributions, then one line for each check. */
export function summaryLines(summary: DataSummary): string[] {
  const { name, frames, sequences, recordings, looked, camera, split, histograms, visibility, pose, checks } = summary;
  const { train, validation } = split;
  const side = ({ frames: f, sequences: s, recordings: r }: typeof train): string =>
    `${some(f, "frame")}, ${some(s, "sequence")}, ${some(r, "recording")}`;
  const range = ({ low, high }: { low: number; high: number }): string =>
    low.toFixed(1) === high.toFixed(1) ? low.toFixed(1) : `${low.toFixed(1)} to ${high.toFixed(1)}`;
  const weak = [...visibility].sort((a, b) => a.shares.seen - b.shares.seen).slice(0, 4);
  const bent = [...pose].sort((a, b) => b.high - b.low - (a.high - a.low));
  return [
    `${name}: ${some(frames, "frame")} in ${some(sequences.length, "sequence")} of ${some(recordings, "recording")}; distributions and checks from ${some(looked.length, "frame")} spread over all`,
    "Cameras",
    `  ${some(camera.distinct, "camera")}; fx ${range(camera.fx)}, fy ${range(camera.fy)}, cx ${range(camera.cx)}, cy ${range(camera.cy)} px`,
    `Split by ${split.by}`,
    `  training    ${side(train)}`,
    `  validation  ${side(validation)}`,
    split.warning === undefined ? `  no recording is on both sides` : `  ${split.warning}`,
    "Distributions",
    ...histograms.map(histogramLine),
    ...(weak.length === 0
      ? []
      : [
          `  Least often seen: ${weak.map((each) => `${jointName(each.joint)} ${percent(each.shares.seen)}`).join(", ")}`,
        ]),
    ...(bent.length === 0
      ? []
      : [
          `  Widest pose range: ${bent
            .slice(0, 4)
            .map((each) => `${manoJointName(each.joint)} ${each.low.toFixed(0)} to ${each.high.toFixed(0)} degrees`)
            .join(", ")}`,
        ]),
    "Health",
    ...checks.map(({ verdict, title, sentence }) => `  ${VERDICTS[verdict]}  ${title}: ${sentence}`),
  ];
}
