import { writeFileSync } from "node:fs";
import { measurePeaks } from "../../bench/peaks";
import { syntheticFrameSet } from "../../data/synthetic/frames";
import type { KernelRow, Peaks, ProfileReport } from "../../train/events";
import { launch } from "../../train/launch";
import { profileTrace } from "../../train/profile-trace";
import { defineCommand, readInteger } from "../command";
import { FolderStorage } from "../folder-storage";
import { temporaryFolder } from "../host";
import { clock, openGpu, openHand, override, readConfig } from "../run-setup";
import { nodeThreads } from "../sample-threads";
import { TrainReporter } from "../train-reporter";

/** `handloom profile`. */
export const command = defineCommand({
  summary: "time of every kernel of a training step",
  options: {
    preset: { type: "string", value: "PRESET|FILE", help: "model to profile, or a configuration", default: "tiny" },
    batch: { type: "string", value: "N", help: "samples of the step; the configuration's when it is not given" },
    repeats: { type: "string", value: "N", help: "timed repeats, of which the median counts", default: "5" },
    "warm-up": { type: "string", value: "N", help: "repeats before those, which do not count", default: "1" },
    trace: { type: "string", value: "FILE", help: "writes the kernels in Chrome's trace format, for Perfetto" },
    peaks: { type: "boolean", help: "measures what this adapter reaches at best: multiply-adds and bandwidth" },
  },
  async run({ preset, batch, repeats, "warm-up": warm, trace, peaks, json }) {
    const count = readInteger("repeats", repeats, { min: 1 });
    const warmUp = readInteger("warm-up", warm, { min: 0 });
    // One batch of frames is enough, so it serves for validation as well.
    const { config } = override(await readConfig(preset), { batch, set: ["data.overfit=true"] });
    const hand = await openHand("openhand");
    const frames = syntheticFrameSet(hand, { frames: config.optim.batch, seed: config.run.seed });
    const gpu = await openGpu();
    const reporter = new TrainReporter(false);
    const temporary = temporaryFolder("profile");
    try {
      const storage = new FolderStorage(temporary.path);
      const threads = nodeThreads();
      const emit = reporter.show.bind(reporter);
      const trainer = await launch({ name: "profile", config, gpu, hand, frames, storage, emit, clock, threads });
      reporter.finish();
      const report = await trainer.profile(count, { warmUp });
      const best = peaks ? await measurePeaks(gpu) : undefined;
      if (trace !== undefined) writeFileSync(trace, profileTrace(report, [], `profile ${preset}`));
      if (json) process.stdout.write(`${JSON.stringify(best === undefined ? report : { ...report, peaks: best })}\n`);
      else process.stdout.write(profileTable(report) + (best === undefined ? "" : peaksLine(best)));
      trainer.destroy();
    } finally {
      temporary.remove();
      gpu.destroy();
    }
    return 0;
  },
});

/** Dispatches of one kernel in one pass, taken together. */
interface Group {
  readonly kernel: string;
  readonly pass: KernelRow["pass"];
  count: number;
  /** Once each. */
  ms: number;
  flops: number;
  bytes: number;
}

function groupRows(rows: readonly KernelRow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { kernel, pass, ms, flops, bytes } of rows) {
    const key = `${kernel} ${pass}`;
    const group = groups.get(key) ?? { kernel, pass, count: 0, ms: 0, flops: 0, bytes: 0 };
    group.count++;
    // NaN where every timing was refused.
    if (Number.isFinite(ms)) group.ms += ms;
    group.flops += flops;
    group.bytes += bytes;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.ms - a.ms);
}

/** The report as a table of the kernels and passes of one micro-batch and of the update, slowest first; shares are of the step. */
export function profileTable({ adapter, clock: timer, clockNote, microBatches, stepMs, rows }: ProfileReport): string {
  const groups = groupRows(rows);
  const width = Math.max(...groups.map(({ kernel }) => kernel.length));
  const head = ["count", "ms", "share", "GFLOP/s", "GB/s"].map((text) => text.padStart(9)).join("");
  const cell = (value: number, digits: number): string =>
    (value > 0 && Number.isFinite(value) ? value.toFixed(digits) : "-").padStart(9);
  const lines = groups.map(({ kernel, pass, count, ms, flops, bytes }) => {
    const rates = cell(flops / ms / 1e6, 1) + cell(bytes / ms / 1e6, 1);
    const perStep = pass === "update" ? ms : microBatches * ms;
    const share = `${((100 * perStep) / stepMs).toFixed(1)} %`.padStart(9);
    return `${kernel.padEnd(width)}  ${pass.padEnd(8)}${cell(count, 0)}${cell(ms, 3)}${share}${rates}`;
  });
  const kernelMs = (isUpdate: boolean): number =>
    groups.reduce((sum, { pass, ms }) => sum + ((pass === "update") === isUpdate ? ms : 0), 0);
  const total = `${rows.length} dispatches (${timer}) on ${adapter}: one micro-batch ${kernelMs(false).toFixed(2)} ms, sums and update ${kernelMs(true).toFixed(2)} ms`;
  const step = `a step of ${microBatches} micro-batch${microBatches === 1 ? "" : "es"} takes ${stepMs.toFixed(2)} ms in kernels, of which the shares are`;
  const why = clockNote === undefined ? "" : `${clockNote}\n`;
  return `${"kernel".padEnd(width)}  ${"pass".padEnd(8)}${head}\n${lines.join("\n")}\n${total}\n${step}\n${why}`;
}

/** The lines of this adapter's roofline. */
export function peaksLine({ adapter, gflops, gbps, clock: timer }: Peaks): string {
  return `peaks of ${adapter}: ${gflops.toPrecision(3)} GFLOP/s of multiply-adds, ${gbps.toPrecision(3)} GB/s of a triad (${timer})\n`;
}
