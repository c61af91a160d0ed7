/** The last evaluation's scores of samples, from whoever tells of them or from the run's files. */
import type { RankEvent } from "../events";
import type { RunStorage } from "../storage";
import { readScores, withScores } from "./scores";
import type { SampleScoresTable, SampleTable } from "./types";

/** Path of the scores among a run's files. */
export const SCORES_FILE = "scores.json";

interface Scores {
  readonly ids: readonly string[];
  readonly table: SampleScoresTable;
}

export class ScoreKeeper {
  #scores: Promise<Scores | undefined> | undefined;

  constructor(private readonly storage: RunStorage) {}

  /** Hears of evaluations. */
  take(event: RankEvent): void {
    if (event.type === "scores") this.#scores = Promise.resolve(event);
  }

  /** The last ones; undefined where no evaluation was made. Throws a sentence when scores.json cannot be read. */
  latest(): Promise<Scores | undefined> {
    this.#scores ??= this.#load();
    return this.#scores.catch((error: unknown) => {
      this.#scores = undefined;
      throw error;
    });
  }

  /** `table` with its scores, where there are such. Throws a sentence when scores.json cannot be read. */
  async attach(table: SampleTable): Promise<SampleTable> {
    if (table.split !== "val") return table;
    const scores = await this.latest();
    return scores ? withScores(table, scores.ids, scores.table) : table;
  }

  async #load(): Promise<Scores | undefined> {
    const isThere = (await this.storage.list()).includes(SCORES_FILE);
    return isThere ? readScores(await this.storage.read(SCORES_FILE)) : undefined;
  }
}
