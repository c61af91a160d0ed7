/** A report as people read it: one sentence, rows by kernel, and a text to be filed. */
import type { Check, VerifyReport } from "./types";

/** All checks that one kernel took part in. */
export interface KernelRow {
  readonly kernel: string;
  readonly checks: readonly Check[];
  readonly failed: number;
  /** The check that comes closest to its tolerance, or goes furthest over it. */
  readonly worst: Check;
  /** The check whose times stand for the kernel: of the largest tensors that were timed. */
  readonly timed: Check | undefined;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** How much of its tolerance a check's error takes; above 1 it failed. */
export const strain = ({ difference, tolerance }: Check): number =>
  difference ? difference.relative / tolerance : Number.POSITIVE_INFINITY;

/** Rows by kernel, in the order of the checks; with `checks` of a run that goes on too. */
export function kernelRows(checks: readonly Check[]): KernelRow[] {
  const byKernel = new Map<string, Check[]>();
  for (const check of checks) {
    for (const kernel of check.kernels) {
      const list = byKernel.get(kernel);
      if (list) list.push(check);
      else byKernel.set(kernel, [check]);
    }
  }
  return [...byKernel].map(([kernel, list]) => {
    const timed = list.filter(({ times }) => times.ours !== undefined);
    return {
      kernel,
      checks: list,
      failed: list.filter(({ passed }) => !passed).length,
      worst: list.reduce((worst, check) => (strain(check) > strain(worst) ? check : worst)),
      timed: timed.length === 0 ? undefined : timed.reduce((most, check) => (cost(check) > cost(most) ? check : most)),
    };
  });
}

const cost = ({ times }: Check): number => times.gpuJsCpu ?? 0;

/** "All 518 checks of 134 kernels passed on google swiftshader." */
export function summarySentence({
  adapter,
  checks,
  isComplete,
}: Pick<VerifyReport, "adapter" | "checks" | "isComplete">): string {
  const kernels = plural(kernelRows(checks).length, "kernel");
  const failed = checks.filter(({ passed }) => !passed).length;
  const stopped = isComplete ? "" : " before it was cancelled";
  if (checks.length === 0) return `Nothing was checked on ${adapter}${stopped}.`;
  if (failed === 0)
    return `${isComplete ? "All " : ""}${plural(checks.length, "check")} of ${kernels} passed on ${adapter}${stopped}.`;
  return `${failed} of ${plural(checks.length, "check")} of ${kernels} failed on ${adapter}${stopped}.`;
}

/** "d_x of layer-norm, 7 rows of 70, gpu kernels, added": which tensor of which case. */
export const checkName = ({ op, target, case: name, style, isAdded }: Check): string =>
  `${target} of ${op}, ${name}${style === "gpu" ? ", kernels for GPUs" : ""}${isAdded ? ", added to a gradient" : ""}`;

/** 1.2e-7, without the digits that nobody reads. */
export const scientific = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value)
    ? value === undefined
      ? "–"
      : "not finite"
    : value === 0
      ? "0"
      : value.toExponential(1);

/** What a failed check found, as a sentence. */
export function failureSentence(check: Check): string {
  const { failure, difference, tolerance, size } = check;
  if (failure !== undefined || !difference) return `${checkName(check)}: ${failure ?? "was not compared"}`;
  const { relative, worst } = difference;
  return `${checkName(check)}: relative error ${scientific(relative)}, tolerance ${scientific(tolerance)}; worst at ${worst.index} of ${size}: got ${worst.got}, expected ${worst.expected}`;
}

/** Why the times of gpu.js on WebGPU are no match for ours in this browser; undefined where they are. */
export function timesNote({ host }: Pick<VerifyReport, "host">): string | undefined {
  if (!/Firefox\//.test(host)) return undefined;
  return "Firefox answers a read-back about every 100 ms unless it is given more work: ours gives it some, gpu.js none, so that its times here are 100 ms of waiting for each stage of the formula.";
}

const milliseconds = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(2));

/** The report as Markdown, for an issue: adapter, limits, host, failures, largest errors, times. */
export function markdownReport(report: VerifyReport): string {
  const { adapter, limits, host, date, seconds, checks } = report;
  const rows = kernelRows(checks);
  const failed = checks.filter(({ passed }) => !passed);
  const cannot = checks.filter(({ baseline }) => baseline.failure !== undefined);
  const closest = [...rows].sort((a, b) => strain(b.worst) - strain(a.worst)).slice(0, 15);
  const timed = rows.filter((row) => row.timed !== undefined).sort((a, b) => cost(b.timed!) - cost(a.timed!));
  const lines = [
    "# Handloom: kernels against their references",
    "",
    summarySentence(report),
    "",
    `- adapter: ${adapter}`,
    `- host: ${host}`,
    `- date: ${date}, ${seconds.toFixed(0)} s`,
    `- limits: ${Object.entries(limits)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}`,
    "",
    `## Failures (${failed.length})`,
    "",
    ...(failed.length === 0
      ? ["None."]
      : failed.map((check) => `- ${failureSentence(check)} (${check.kernels.join(", ")})`)),
    "",
    "## Closest to their tolerance",
    "",
    "| kernel | checks | largest relative error | tolerance | of |",
    "|---|---:|---:|---:|---|",
    ...closest.map(
      ({ kernel, checks: list, worst }) =>
        `| ${kernel} | ${list.length} | ${scientific(worst.difference?.relative)} | ${scientific(worst.tolerance)} | ${checkName(worst)} |`,
    ),
    "",
    "## Times, ms: wall clock with inputs written and result read back",
    "",
    ...(timesNote(report) === undefined ? [] : [timesNote(report)!, ""]),
    "| kernel | ours | gpu.js on WebGPU | gpu.js on the CPU | of |",
    "|---|---:|---:|---:|---|",
    ...timed.slice(0, 20).map(({ kernel, timed: check }) => {
      const { ours, gpuJsWebGpu, gpuJsCpu } = check!.times;
      return `| ${kernel} | ${milliseconds(ours)} | ${milliseconds(gpuJsWebGpu)} | ${milliseconds(gpuJsCpu)} | ${checkName(check!)} |`;
    }),
    "",
    `## What gpu.js cannot (${cannot.length})`,
    "",
    ...(cannot.length === 0 ? ["Nothing."] : cannot.map((check) => `- ${checkName(check)}: ${check.baseline.failure}`)),
  ];
  return `${lines.join("\n")}\n`;
}
