import type { ProfileReport } from "../../train/events";
import type { StepTimes } from "../../train/ranks";
import { fixed, milliseconds, plural } from "../format";
import { type Basis, BasisMark } from "./columns";
import { kernelMs, passMs } from "./rows";
import { three } from "./units";

/** Wall time of a rank's step: its parts follow each other. */
const wallMs = ({ dataMs, computeMs, readMs, reduceMs, waitMs, updateMs }: StepTimes): number =>
  dataMs + computeMs + readMs + reduceMs + waitMs + updateMs;

/** The step in seven numbers. */
export function Totals({ report, ranks }: { readonly report: ProfileReport; readonly ranks: readonly StepTimes[] }) {
  const { rows, stepMs, microBatches, host, clock, active } = report;
  const sum = kernelMs(rows);
  const passes = passMs(rows);
  const flops = rows.reduce((total, row) => total + row.flops, 0);
  const percent = (ms: number) => `${fixed(sum > 0 ? (100 * ms) / sum : 0, 0)} % of the kernels`;
  const hostMs = host.recordMs + host.submitMs;
  const wall = ranks.length === 0 ? "" : `, wall ${milliseconds(wallMs(ranks[0]))} ms`;
  return (
    <dl class="readouts">
      <Total
        label="Step, in kernels"
        basis="f"
        title="Kernels of all micro-batches, of adding them up and of the update, by their medians; wall: of the last step of training, before the recording"
        value={milliseconds(stepMs)}
        unit="ms"
        note={`${plural(microBatches, "micro-batch", "micro-batches")}${wall}`}
      />
      <Total
        label="One micro-batch"
        basis="m"
        title="Sum of the medians of its kernels, with adding up and the update once"
        value={milliseconds(sum)}
        unit="ms"
        note={`${plural(rows.length, "dispatch", "dispatches")}, with the update`}
      />
      <Total label="Forward" basis="m" value={milliseconds(passes.forward)} unit="ms" note={percent(passes.forward)} />
      <Total
        label="Backward"
        basis="m"
        value={milliseconds(passes.backward)}
        unit="ms"
        note={percent(passes.backward)}
      />
      <Total label="Update" basis="m" value={milliseconds(passes.update)} unit="ms" note={percent(passes.update)} />
      <Total label="Host" basis="m" value={milliseconds(hostMs)} unit="ms" note="records and submits" />
      <Total
        label="Rate"
        basis="f"
        title="Modelled operations over measured time"
        value={sum > 0 ? three(flops / sum / 1e6) : "–"}
        unit="GFLOP/s"
        note={`${clock}, n = ${active}`}
      />
    </dl>
  );
}

function Total({
  label,
  basis,
  title,
  value,
  unit,
  note,
}: {
  readonly label: string;
  readonly basis: Basis;
  readonly title?: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}) {
  return (
    <div class="readout" title={title}>
      <dt>
        {label}
        <BasisMark of={basis} />
      </dt>
      <dd>
        <span class="value">{value}</span>
        <span class="unit">{unit}</span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}
