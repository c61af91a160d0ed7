import { useStore } from "../context";
import { bytes, fixed, milliseconds, significant } from "../format";

/** The numbers of the moment, large, each with its unit and what to compare it with. */
export function Readouts() {
  const store = useStore();
  store.tick.value;
  const history = store.runs.leading();
  const step = history.lastStep;
  const evaluation = history.lastEvaluation;
  const speed = history.throughput();
  const run = store.run.value;
  const memory = bytes(run?.memoryBytes).split(" ");
  const baselines = evaluation?.baselines;
  return (
    <dl class="readouts">
      <Readout
        label="Loss"
        value={significant(step?.losses.total_loss)}
        note={step === undefined ? "" : `step ${step.step}, epoch ${step.epoch}`}
      />
      <Readout
        label="MPJPE"
        value={fixed(evaluation?.mpjpe_mm, 1)}
        unit="mm"
        note={baselines === undefined ? "" : `mean pose ${fixed(baselines.mean_pose.mpjpe_mm, 1)}`}
      />
      <Readout
        label="PA-MPJPE"
        value={fixed(evaluation?.pa_mpjpe_mm, 1)}
        unit="mm"
        note={baselines === undefined ? "" : `mean pose ${fixed(baselines.mean_pose.pa_mpjpe_mm, 1)}`}
      />
      <Readout
        label="Throughput"
        value={fixed(speed?.samplesPerSecond, 1)}
        unit="samples/s"
        note={speed === undefined ? "" : "last 20 steps"}
      />
      <Readout
        label="Step"
        value={milliseconds(speed?.ms)}
        unit="ms"
        note={speed === undefined ? "" : `host ${milliseconds(speed.hostMs)} ms`}
      />
      <Readout
        label="GPU memory"
        value={memory[0]}
        unit={memory[1] ?? ""}
        note={run === undefined ? "" : run.ranks > 1 ? `each of ${run.ranks} ranks` : "all buffers"}
      />
    </dl>
  );
}

function Readout({
  label,
  value,
  unit,
  note,
}: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly note: string;
}) {
  return (
    <div class="readout">
      <dt>{label}</dt>
      <dd>
        <span class="value">{value}</span>
        {unit !== undefined && <span class="unit">{unit}</span>}
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}
