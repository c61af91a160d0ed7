import type { Diagnosis } from "../doctor/finding";
import { findingLines } from "../doctor/log/report";
import type { FaultRecord, RankStatus, TrainEvent } from "../train/events";
import { Progress } from "./progress";

/** Shows a run's events: log lines and the progress bar on stderr; with `json` every record as a line on stdout. */
export class TrainReporter {
  #progress: Progress | undefined;
  #label = "";
  #totalSteps = 0;
  #diagnoses: readonly Diagnosis[] = [];
  /** Findings that were shown, as grave and sure as they were. */
  readonly #shown = new Set<string>();
  readonly #rankStates = new Map<number, RankStatus["state"]>();

  constructor(private readonly json: boolean) {}

  show(event: TrainEvent): void {
    switch (event.type) {
      case "status":
        this.#status(event.text, event.done, event.total);
        break;
      case "started":
        this.#totalSteps = event.run.totalSteps;
        if (this.json) this.#out(event.run);
        break;
      case "log":
        this.#line(event.line);
        break;
      case "step": {
        const { step, losses, ms, samples } = event.record;
        this.#bar("train", this.#totalSteps, "steps", step - 1);
        const rate = `${((1000 * samples) / ms).toFixed(1)} samples/s`;
        this.#progress!.update(step, `loss ${losses.total_loss.toPrecision(4)}, ${rate}`);
        if (this.json) this.#out(event.record);
        break;
      }
      case "evaluation":
        if (this.json) this.#out(event.record);
        break;
      case "checkpoint":
        this.#line(`checkpoint ${event.name} (${(event.sizeBytes / 2 ** 20).toFixed(1)} MiB)`);
        break;
      case "rank":
        this.#rank(event.status);
        break;
      case "findings":
        this.#findings(event.diagnoses);
        break;
      case "fault":
        this.#line(faultLine(event.record));
        if (this.json) this.#out(event.record);
        break;
      case "error":
        this.#line(event.message);
        break;
      default:
        break;
    }
  }

  /** What makes the run useless: fatal and certain. */
  get fatal(): Diagnosis | undefined {
    return this.#diagnoses.find(({ severity, certainty }) => severity === "fatal" && certainty === "certain");
  }

  finish(): void {
    this.#progress?.finish();
    this.#progress = undefined;
  }

  /** Where a rank is at; what it does while it is built would be four lines for each. */
  #rank({ rank, state, text }: RankStatus): void {
    if (this.#rankStates.get(rank) === state) return;
    this.#rankStates.set(rank, state);
    if (state === "building" || state === "lost" || state === "ended") this.#line(`rank ${rank}: ${text}`);
  }

  /** What is new, or graver than it was. */
  #findings(diagnoses: readonly Diagnosis[]): void {
    this.#diagnoses = diagnoses;
    if (this.json) this.#out({ findings: diagnoses });
    for (const each of diagnoses) {
      const key = `${each.id} ${each.severity} ${each.certainty}`;
      if (this.#shown.has(key)) continue;
      this.#shown.add(key);
      for (const line of findingLines(each)) this.#line(line);
    }
  }

  #status(text: string, done: number | undefined, total: number | undefined): void {
    if (done === undefined || total === undefined) {
      this.#line(text);
      return;
    }
    this.#bar(text, total, "samples", 0);
    this.#progress!.update(done);
  }

  /** One bar at a time; a new label begins a new one. */
  #bar(label: string, total: number, unit: string, initial: number): void {
    if (this.#label === label && this.#progress) return;
    this.finish();
    this.#label = label;
    this.#progress = new Progress({ label, total, unit, initial });
  }

  #line(text: string): void {
    this.#progress?.clear();
    process.stderr.write(`${text}\n`);
  }

  #out(record: object): void {
    process.stdout.write(`${JSON.stringify(record)}\n`);
  }
}

/** How fast a fault was found and mended; what it was stands in the log. */
function faultLine({ replayed, detected_ms, recovered_ms }: FaultRecord): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const again = replayed === 1 ? "1 step was" : `${replayed} steps were`;
  return `  found after ${seconds(detected_ms)}, training again ${seconds(recovered_ms)} later; ${again} done again`;
}
