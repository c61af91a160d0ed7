/** A book's findings and curves as text and as JSON. */
import type { Diagnosis, Finding } from "../finding";
import type { RunDiagnosis } from "./diagnose-log";
import { show } from "./hand";
import type { FileReport, LogBook, Series } from "./types";

const BARS = "▁▂▃▄▅▆▇█";

/** A curve in `width` characters: each the mean of its part, "×" where it is not finite, "·" where there is nothing. */
export function sparkline(values: readonly number[], width = 24): string {
  if (values.length === 0) return "";
  const cells = Math.min(width, values.length);
  const means: number[] = [];
  for (let i = 0; i < cells; i++) {
    const part = values.slice(Math.floor((i * values.length) / cells), Math.floor(((i + 1) * values.length) / cells));
    means.push(part.some((v) => !Number.isFinite(v)) ? Number.NaN : part.reduce((a, b) => a + b, 0) / part.length);
  }
  const known = means.filter(Number.isFinite);
  const low = Math.min(...known);
  const range = Math.max(...known) - low;
  return means
    .map((v) => (Number.isFinite(v) ? BARS[range > 0 ? Math.min(7, Math.floor((8 * (v - low)) / range)) : 3] : "×"))
    .join("");
}

const KINDS = {
  original: "the original trainer",
  lightning: "PyTorch Lightning",
  events: "TensorBoard events",
  handloom: "Handloom",
  unknown: "an unknown trainer",
} as const;

const indent = (text: string, by: number): string => `${" ".repeat(by)}${text}`;

/** Severity, title, numbers, causes, remedy, and below it what it explains. */
export function findingLines(finding: Diagnosis): string[] {
  const { severity, certainty, title, id, sentence, evidence, causes, remedy, since, symptoms } = finding;
  return [
    `${severity.toUpperCase()} (${certainty}) ${title} [${id}]${since ? `, since ${since}` : ""}`,
    indent(sentence, 2),
    ...(severity === "note"
      ? []
      : [
          ...evidence.map(
            ({ what, found, expected, unit, n }) =>
              `    ${what}: ${found}${unit ? ` ${unit}` : ""}, expected ${expected}${n ? ` (n = ${n})` : ""}`,
          ),
          ...causes.map((cause, i) => `    ${i === 0 ? "cause:" : "   or:"} ${cause}`),
          indent(`do: ${remedy}`, 4),
        ]),
    ...symptoms.map((each: Finding) => indent(`explains: ${each.title} [${each.id}]. ${each.sentence}`, 4)),
  ];
}

const ORDER = [
  "mpjpe",
  "pa_mpjpe",
  "epoch_loss",
  "total_loss",
  "loss_2d",
  "loss_3d_joint",
  "loss_3d_vert",
  "lr",
  "grad_norm",
];
const place = ({ name }: Series): number => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);

/** One line for each curve: first, lowest, last and its shape. Best is the lowest: all but shares are errors or rates. */
export function seriesLines(series: readonly Series[]): string[] {
  if (series.length === 0) return [];
  const rows = [...series].sort((a, b) => place(a) - place(b)).slice(0, 24);
  const head = `  ${"curve".padEnd(24)}${"first".padStart(12)}${"lowest".padStart(12)}${"last".padStart(12)}${"n".padStart(9)}`;
  const lines = rows.map(({ name, split, first, lowest, last, count, points, nonFinite }) => {
    const numbers = [first.value, lowest?.value ?? Number.NaN, last.value].map((v) => show(v).padStart(12)).join("");
    const broken = nonFinite > 0 ? `  ${nonFinite} not finite` : "";
    return `  ${`${split}/${name}`.padEnd(24)}${numbers}${String(count).padStart(9)}  ${sparkline(points.map((p) => p.value))}${broken}`;
  });
  const more = series.length - rows.length;
  return [head, ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

const fileLines = ({ name, bytes, lines, notes }: FileReport): string[] => [
  `${name}: ${bytes} bytes, ${lines} lines${notes.length > 0 ? `; ${notes.join("; ")}` : ""}`,
];

/** The whole report, for the terminal. */
export function reportText(book: LogBook, diagnoses: readonly RunDiagnosis[]): string {
  const runs = diagnoses.flatMap(({ run, findings }) => [
    "",
    `== ${run.name}: ${KINDS[run.kind]}, lines ${run.firstLine} to ${run.lastLine}${run.isResumed ? ", resumed" : ""}`,
    ...(findings.some(({ severity }) => severity !== "note") ? [] : ["nothing above a note was found"]),
    ...findings.flatMap((finding) => [...findingLines(finding), ""]),
    ...seriesLines(run.series),
  ]);
  return `${[...book.files.flatMap(fileLines), ...runs].join("\n")}\n`;
}

/** findings.json: numbers that are not finite are null, as JSON has none. */
export function reportJson(book: LogBook, diagnoses: readonly RunDiagnosis[]): object {
  const point = (p: Series["first"] | undefined) =>
    p && { step: p.step, epoch: p.epoch ?? null, value: Number.isFinite(p.value) ? p.value : null, line: p.line };
  return {
    files: book.files.map(({ name, bytes, lines, notes }) => ({ name, bytes, lines, notes })),
    runs: diagnoses.map(({ run, findings }) => ({
      ...{
        name: run.name,
        file: run.file,
        kind: run.kind,
        lines: [run.firstLine, run.lastLine],
        resumed: run.isResumed,
      },
      findings,
      series: run.series.map(({ name, split, count, first, lowest, last, nonFinite }) => ({
        ...{ name, split, count, nonFinite, first: point(first), lowest: point(lowest) ?? null, last: point(last) },
      })),
      facts: run.facts,
    })),
  };
}
