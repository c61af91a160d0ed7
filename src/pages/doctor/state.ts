/** Which finding is looked at, and the logs that were read. */
import { batch, signal } from "@preact/signals";
import { proxy } from "comlink";
import type { Series } from "../../doctor/log/types";
import type { Diagnosis } from "../../train/findings";
import { connect } from "../connect";
import { messageOf } from "../store";
import type { LogWorker } from "./log-worker";

/** A run of a log with what was found in it. */
export interface ReadRun {
  readonly name: string;
  /** Who wrote it, and where in which file. */
  readonly place: string;
  readonly findings: readonly Diagnosis[];
  readonly series: readonly Series[];
}

export interface LogResult {
  readonly runs: readonly ReadRun[];
  /** What was wrong with the files themselves. */
  readonly notes: readonly string[];
  /** Why there is no run in them. */
  readonly why: string | undefined;
}

export class DoctorState {
  /** "run" or the place of a log's run, and the id of a finding there, or "curves". */
  readonly chosen = signal<{ readonly source: "run" | number; readonly id: string } | undefined>(undefined);
  readonly log = signal<LogResult | undefined>(undefined);
  readonly reading = signal<{ readonly name: string; readonly done: number; readonly total: number } | undefined>(
    undefined,
  );

  readonly #worker = connect<LogWorker>(
    "that reads logs",
    () => new Worker(new URL("./log-worker.ts", import.meta.url), { type: "module", name: "logs" }),
  );
  #turn = 0;

  /** Reads training logs; what keeps them from being read becomes a sentence in `log`. */
  async read(files: readonly File[]): Promise<void> {
    if (files.length === 0 || this.reading.value !== undefined) return;
    const name = files.length === 1 ? files[0].name : `${files.length} files`;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    batch(() => {
      this.log.value = undefined;
      this.reading.value = { name, done: 0, total };
    });
    const turn = ++this.#turn;
    let result: LogResult;
    try {
      const named = files.map((file) => ({ name: file.webkitRelativePath || file.name, file }));
      const onProgress = proxy((done: number) => {
        if (turn === this.#turn) this.reading.value = { name, done, total };
      });
      result = await this.#worker((worker) => worker.read(named, onProgress));
    } catch (error) {
      result = { runs: [], notes: [], why: `${name} could not be read: ${messageOf(error)}` };
    }
    if (turn !== this.#turn) return;
    this.#turn++;
    // It holds the readers' memory; the next log starts another.
    this.#worker.end("the log was read");
    batch(() => {
      this.reading.value = undefined;
      this.log.value = result;
      const [first] = result.runs;
      this.chosen.value = first && { source: 0, id: first.findings[0]?.id ?? "curves" };
    });
  }

  /** Gives up the reading under way. */
  stopReading(): void {
    if (this.reading.value === undefined) return;
    this.#turn++;
    this.#worker.end("the reading was stopped");
    this.reading.value = undefined;
  }

  /** Forgets the logs. */
  closeLog(): void {
    batch(() => {
      this.log.value = undefined;
      this.chosen.value = undefined;
    });
  }
}
