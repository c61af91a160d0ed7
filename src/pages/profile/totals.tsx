import type { ProfileReport } from "../../train/events";
import { fixed, milliseconds, plural } from "../format";
import { kernelMs, passMs } from "./rows";
import { three } from "./units";

/** The step in six numbers. */
export function Totals({ report }: { readonly report: ProfileReport }) {
  const { rows, stepMs, microBatches, host, clock, active } = report;
  const sum = kernelMs(rows);
  const passes = passMs(rows);
  const flops = rows.reduce((total, row) => total + row.flops, 0);
  const percent = (ms: number) => `${fixed(sum > 0 ? (100 * ms) / sum : 0, 0)} % of the kernels`;
  const hostMs = host.recordMs + host.submitMs;
  return (
    <dl class="readouts">
      <Total
        label="Step"
        value={milliseconds(stepMs)}
        unit="ms"
        note={`${plural(microBatches, "micro-batch", "micro-batches")}, sums and update`}
      />
      <Total
        label="Kernels, one micro-batch"
        value={milliseconds(sum)}
        unit="ms"
        note={`${plural(rows.length, "dispatch", "dispatches")}, with sums and update`}
      />
      <Total label="Forward" value={milliseconds(passes.forward)} unit="ms" note={percent(passes.forward)} />
      <Total label="Backward" value={milliseconds(passes.backward)} unit="ms" note={percent(passes.backward)} />
      <Total label="Update" value={milliseconds(passes.update)} unit="ms" note={percent(passes.update)} />
      <Total label="Host" value={milliseconds(hostMs)} unit="ms" note="records and submits one micro-batch" />
      <Total
        label="Rate"
        value={sum > 0 ? three(flops / sum / 1e6) : "–"}
        unit="GFLOP/s"
        note={`${clock}, n = ${active}`}
      />
    </dl>
  );
}

function Total({
  label,
  value,
  unit,
  note,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}) {
  return (
    <div class="readout">
      <dt>{label}</dt>
      <dd>
        <span class="value">{value}</span>
        <span class="unit">{unit}</span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}
