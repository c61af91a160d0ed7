import { verifyOnDevice } from "../../verify/on-this-device";
import { failureSentence, kernelRows, markdownReport, scientific, strain, summarySentence } from "../../verify/report";
import type { VerifyReport } from "../../verify/types";
import { defineCommand } from "../command";
import { requestNodeGpu } from "../dawn";
import { say } from "../host";
import { type VerifyChoice, verifyInBrowser } from "../verify-in-browser";

/** `handloom verify`. */
export const command = defineCommand({
  summary: "every kernel, forward and backward, against its reference in plain JavaScript",
  options: {
    runtime: { type: "string", value: "node|chromium|firefox", help: "where to run the kernels", default: "node" },
    only: { type: "string", value: "TEXT", help: "only ops whose name contains TEXT" },
    "all-styles": {
      type: "boolean",
      help: "also the kernels that are for other adapters; those for GPUs compile slowly on a CPU",
    },
    "no-baseline": { type: "boolean", help: "without gpu.js on WebGPU and without times, which is quicker" },
    markdown: { type: "boolean", help: "the report as Markdown, to be filed, in place of the table" },
  },
  async run({ runtime, only = "", "no-baseline": hasNoBaseline, "all-styles": hasAllStyles, ...rest }) {
    if (runtime !== "node" && runtime !== "chromium" && runtime !== "firefox")
      throw new Error(`verify: --runtime is "${runtime}", expected node, chromium or firefox`);
    const choice = { only, hasBaseline: !hasNoBaseline, hasAllStyles };
    const report = runtime === "node" ? await verifyInNode(choice) : await verifyInBrowser(runtime, choice);
    const text = rest.json
      ? `${JSON.stringify(report)}\n`
      : rest.markdown
        ? markdownReport(report)
        : verifyTable(report);
    process.stdout.write(text);
    return report.checks.every(({ passed }) => passed) ? 0 : 1;
  },
});

async function verifyInNode(choice: VerifyChoice): Promise<VerifyReport> {
  return verifyOnDevice(await requestNodeGpu(), {
    ...choice,
    host: `Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    onProgress: (done, total, what) => say(`${done} of ${total}${what && `, ${what}`}`),
  });
}

/** The report as a table of kernels, the failures and one sentence. */
export function verifyTable(report: VerifyReport): string {
  const rows = kernelRows(report.checks);
  const width = Math.max(6, ...rows.map(({ kernel }) => kernel.length));
  const cell = (text: string): string => text.padStart(12);
  const ms = (value: number | undefined): string => cell(value === undefined ? "-" : value.toFixed(2));
  const head = ["checks", "error", "tolerance", "ours ms", "gpu.js ms", "cpu ms"].map(cell).join("");
  const lines = rows.map(({ kernel, checks, failed, worst, timed }) => {
    const { ours, gpuJsWebGpu, gpuJsCpu } = timed?.times ?? {};
    const verdict = failed > 0 ? `  ${failed} failed` : strain(worst) > 0.5 ? "  close" : "";
    const numbers =
      cell(String(checks.length)) + cell(scientific(worst.difference?.relative)) + cell(scientific(worst.tolerance));
    return `${kernel.padEnd(width)}${numbers}${ms(ours)}${ms(gpuJsWebGpu)}${ms(gpuJsCpu)}${verdict}`;
  });
  const failures = report.checks.filter(({ passed }) => !passed).map((check) => `  ${failureSentence(check)}`);
  const cannot = report.checks.filter(({ baseline }) => baseline.failure !== undefined);
  const notes =
    cannot.length > 0 ? [`gpu.js could not run ${cannot.length} of them on WebGPU: ${cannot[0].baseline.failure}`] : [];
  return `${["kernel".padEnd(width) + head, ...lines, ...failures, ...notes, summarySentence(report)].join("\n")}\n`;
}
