import type { TrainEvent } from "../train/events";
import { Progress } from "./progress";

/** Shows a run's events: log lines and the progress bar on stderr; with `json` every record as a line on stdout. */
export class TrainReporter {
  #progress: Progress | undefined;
  #label = "";
  #totalSteps = 0;

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
      case "error":
        this.#line(event.message);
        break;
      default:
        break;
    }
  }

  finish(): void {
    this.#progress?.finish();
    this.#progress = undefined;
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
