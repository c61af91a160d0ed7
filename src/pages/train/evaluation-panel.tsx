import { METRICS, type MetricName } from "../../metrics/judge";
import type { EvaluationRecord } from "../../train/events";
import { useStore } from "../context";
import { count, fixed, plural } from "../format";
import { Icon } from "../widgets/icons";

interface Row {
  readonly label: string;
  readonly title: string;
  /** Error and area under its curve, of joints. */
  readonly joints: readonly [MetricName, MetricName?];
  /** Error, area under its curve, F-scores, of the mesh. */
  readonly mesh: readonly [MetricName?, MetricName?, MetricName?, MetricName?];
  readonly baseline?: "mpjpe_mm" | "pa_mpjpe_mm";
}

/** By how prediction and truth are laid over each other. */
const ROWS: readonly Row[] = [
  {
    label: "Root-relative",
    title: "Both wrists in the origin",
    joints: ["mpjpe_mm", "auc_joints"],
    mesh: ["mpvpe_mm", "auc_vertices", "f_5mm", "f_15mm"],
    baseline: "mpjpe_mm",
  },
  {
    label: "Absolute",
    title: "As predicted, in the camera's frame",
    joints: ["mpjpe_absolute_mm"],
    mesh: ["mpvpe_absolute_mm"],
  },
  {
    label: "Scale, translation",
    title: "The prediction scaled and moved onto the truth",
    joints: ["st_mpjpe_mm", "st_auc_joints"],
    mesh: [],
  },
  {
    label: "Procrustes (PA)",
    title: "The prediction scaled, turned and moved onto the truth",
    joints: ["pa_mpjpe_mm", "pa_auc_joints"],
    mesh: ["pa_mpvpe_mm", "pa_auc_vertices", "pa_f_5mm", "pa_f_15mm"],
    baseline: "pa_mpjpe_mm",
  },
];

const SPLITS = { val: "validation", evaluation: "evaluation" } as const;

/** The figures of the last evaluation, each with its number of samples, the baselines and the best so far. */
export function EvaluationPanel() {
  const store = useStore();
  store.tick.value;
  const history = store.runs.leading();
  const record = history.lastEvaluation;
  if (record === undefined) {
    return (
      <p class="empty">The figures of the last evaluation stand here, beside two predictors that look at no image.</p>
    );
  }
  const ranks = history.steps.findLast(({ step }) => step === record.step)?.ranks ?? store.run.value?.ranks ?? 1;
  const best = history.best("pa_mpjpe_mm");
  return (
    // Wider than a phone and longer with refused figures: it scrolls, so it must be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys.
    <section class="evaluation" tabIndex={0} aria-label="Figures of the last evaluation">
      <p class="evaluation-says">
        Evaluated on {plural(record.samples, "sample")} {ranks > 1 ? `from all ${ranks} ranks` : "on 1 rank"}
        <span class="hint">
          step {count(record.step)}, {SPLITS[record.split]} split
        </span>
        {record.non_finite > 0 ? (
          <span class="bad">
            <Icon name="warn" /> {plural(record.non_finite, "prediction")} not finite, in no figure
          </span>
        ) : (
          <span class="hint">all predictions finite</span>
        )}
        {best !== undefined && (
          <span class="hint evaluation-best">
            Best PA-MPJPE {fixed(best.pa_mpjpe_mm, 1)} mm at step {count(best.step)}
          </span>
        )}
      </p>
      <FigureTable record={record} />
      {record.refused.length > 0 && (
        <ul class="sentences">
          {record.refused.map((sentence) => (
            <li key={sentence} class="bad">
              {sentence}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function FigureTable({ record }: { readonly record: EvaluationRecord }) {
  return (
    <table class="figures">
      <thead>
        <tr>
          <td />
          <th scope="colgroup" colSpan={5} class="group">
            Joints
          </th>
          <th scope="colgroup" colSpan={5} class="group">
            Mesh
          </th>
        </tr>
        <tr>
          <th scope="col">Alignment</th>
          {["MPJPE mm", "zero pose", "mean pose", "AUC", "n", "MPVPE mm", "AUC", "F@5", "F@15", "n"].map((name, i) => (
            <th key={i} scope="col" class={i % 5 === 0 ? "group" : ""}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ROWS.map(({ label, title, joints, mesh, baseline }) => (
          <tr key={label}>
            <th scope="row" title={title}>
              {label}
            </th>
            <Figure name={joints[0]} record={record} isFirst />
            <Baseline value={baseline && record.baselines.zero_pose[baseline]} />
            <Baseline value={baseline && record.baselines.mean_pose[baseline]} />
            <Figure name={joints[1]} record={record} />
            <td class="dim">{count(record.n[joints[0]])}</td>
            {[0, 1, 2, 3].map((i) => (
              <Figure key={i} name={mesh[i]} record={record} isFirst={i === 0} />
            ))}
            <td class="dim">{mesh[0] === undefined ? "" : count(record.n[mesh[0]])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Baseline({ value }: { readonly value: number | null | undefined }) {
  return <td class="dim">{value === undefined ? "" : fixed(value, 1)}</td>;
}

/** One figure, with a star where no earlier evaluation has a better one. */
function Figure({
  name,
  record,
  isFirst = false,
}: {
  readonly name: MetricName | undefined;
  readonly record: EvaluationRecord;
  readonly isFirst?: boolean;
}) {
  const history = useStore().runs.leading();
  const edge = isFirst ? "group" : "";
  if (name === undefined) return <td class={edge} />;
  const { label, unit } = METRICS[name];
  const decimals = unit === "mm" ? 1 : 3;
  const best = history.best(name);
  const isBest = best === record && history.evaluations.length > 1;
  const than = best === undefined ? "" : `, best ${fixed(best[name], decimals)} at step ${best.step}`;
  return (
    <td class={edge} title={`${label}, n = ${record.n[name]}${than}`} data-best={isBest}>
      {isBest && (
        <>
          <Icon name="star" />
          <span class="sr-only">best so far: </span>
        </>
      )}
      {fixed(record[name], decimals)}
    </td>
  );
}
