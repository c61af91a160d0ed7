import type { TrainEvent } from "../train/events";
import { Doctor } from "./doctor";
import type { Diagnosis } from "./finding";

export interface WatchOptions {
  /** Ids of findings that are not told and end nothing. */
  readonly ignore?: Iterable<string>;
  /** Takes "findings" and "log" events. */
  readonly tell: (event: TrainEvent) => void;
  /** Ends the run after the step at hand, with a checkpoint; called once. */
  readonly stop: () => void;
}

/** A doctor beside a run: tells what it finds and ends a run that is wasted. A fault of its own never ends one. */
export class Watch {
  readonly #doctor: Doctor;
  #isBroken = false;
  #cause: Diagnosis | undefined;

  constructor(private readonly options: WatchOptions) {
    this.#doctor = new Doctor(options);
  }

  /** What ended the run. */
  get cause(): Diagnosis | undefined {
    return this.#cause;
  }

  /** Every event of the run that people are shown, in order. */
  see(event: TrainEvent): void {
    if (this.#isBroken || event.type === "findings") return;
    const { tell, stop } = this.options;
    try {
      const diagnoses = this.#doctor.see(event);
      if (!diagnoses) return;
      tell({ type: "findings", diagnoses });
      const cause = this.#doctor.shouldStop();
      if (!cause || this.#cause) return;
      this.#cause = cause;
      tell({ type: "log", line: stopSentence(cause) });
      stop();
    } catch (error) {
      this.#isBroken = true;
      tell({ type: "log", line: `the run is no longer checked: ${(error as Error).message}; training goes on` });
    }
  }
}

const stopSentence = ({ id, title, since }: Diagnosis): string =>
  `The run is stopped: ${title} [${id}]${since ? `, seen ${since}` : ""}. What follows would be wasted; mend it, or train on with --ignore ${id}.`;
