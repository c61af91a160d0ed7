/** What `evaluate` prints for people. */
import type { EvaluationReport, Measure, Summary } from "../../metrics/evaluation";
import { scoresText } from "../../metrics/ho3d-scores";
import type { MetricName } from "../../metrics/judge";
import type { EvaluationView } from "../../train/data";
import type { Found, Official } from "./score";

type Column = readonly [head: string, name: MetricName];

const ERRORS: readonly Column[] = [
  ["MPJPE", "mpjpe_mm"],
  ["absolute", "mpjpe_absolute_mm"],
  ["ST", "st_mpjpe_mm"],
  ["PA", "pa_mpjpe_mm"],
  ["MPVPE", "mpvpe_mm"],
  ["PA-MPVPE", "pa_mpvpe_mm"],
];

const SHARES: readonly Column[] = [
  ["AUC joints", "auc_joints"],
  ["PA", "pa_auc_joints"],
  ["AUC mesh", "auc_vertices"],
  ["PA", "pa_auc_vertices"],
  ["F@5", "f_5mm"],
  ["F@15", "f_15mm"],
  ["PA-F@5", "pa_f_5mm"],
  ["PA-F@15", "pa_f_15mm"],
];

/** Every figure with its baselines beside it; sequences and joints stand in the JSON. */
export function tables({ report, ho3d }: Found, { useDepth, boxJitter }: EvaluationView, isOwnMean: boolean): string {
  const { baselines, modalities, metrics, samples, non_finite, mirrored } = report;
  const mean = `mean pose of the ${isOwnMean ? "scored" : "training"} samples`;
  const shown = [...(useDepth ? [] : ["without depth"]), ...(boxJitter ? [`boxes off by up to ${boxJitter}`] : [])];
  const rows: readonly Row[] = [
    ["network", metrics],
    ...modalityRows(modalities),
    ["zero pose", baselines.zero_pose],
    [mean, baselines.mean_pose],
  ];
  const refused = Object.values(metrics).flatMap((measure) => measure.refused ?? []);
  return [
    block("mm", ERRORS, rows, 2),
    block("shares from 0 to 1", SHARES, rows, 3),
    `${samples} samples${shown.map((how) => `, ${how}`).join("")}, ${non_finite} predictions not finite and left out; meshes of ${metrics.mpvpe_mm.n}\n`,
    ...Object.values(modalities).map((summary, i) => modalityLine(Object.keys(modalities)[i], summary)),
    ...(mirrored > 0
      ? [`${mirrored} predictions fit better mirrored: HO-3D's script mirrors them, the PA figures above do not\n`]
      : []),
    ...refused.map((sentence) => `${sentence}\n`),
    ...officialLines(ho3d),
  ].join("");
}

type Row = readonly [label: string, metrics: Partial<Record<MetricName, Measure>>];

function block(unit: string, columns: readonly Column[], rows: readonly Row[], decimals: number): string {
  const heads = columns.map(([head]) => head.padStart(11)).join("");
  const cell = (value: number | null | undefined): string => (value?.toFixed(decimals) ?? "-").padStart(11);
  const lines = rows.map(
    ([label, metrics]) => `${label.padEnd(34)}${columns.map(([, name]) => cell(metrics[name]?.value)).join("")}\n`,
  );
  return `${unit.padEnd(34)}${heads}\n${lines.join("")}\n`;
}

/** Rows where the modalities differ from the whole. */
const modalityRows = (modalities: EvaluationReport["modalities"]): Row[] => {
  const measured = Object.entries(modalities).filter(([, { valid }]) => valid > 0);
  return measured.length < 2 ? [] : measured.map(([name, { metrics }]): Row => [`network on ${name}`, metrics]);
};

function modalityLine(name: string, { samples, non_finite }: Summary): string {
  if (samples > 0) return `${name}: ${samples} samples, ${non_finite} not finite\n`;
  return `${name}: not measured, as no sample was shown with its depth\n`;
}

function officialLines(ho3d: Official): string[] {
  if (ho3d === undefined) return [];
  if ("refused" in ho3d) return [`${ho3d.refused}\n`];
  return [`\nscores.txt of HO-3D over ${ho3d.n} frames (centimetres), the wrist at the given one\n`, scoresText(ho3d)];
}
