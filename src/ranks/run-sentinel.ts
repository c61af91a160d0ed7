/**
 * What this browser's database of runs should hold, kept outside of it: a database that was damaged, emptied or deleted comes
 * back without an error and without a run, and must not pass for that of a new user.
 */
import { readSentinel, writeSentinel } from "../data/shards/idb-browser";

const NAME = "handloom-runs";

/** What is remembered of a run. */
export interface RunMark {
  /** Its last checkpoint's folder. */
  readonly checkpoint: string;
  /** Milliseconds since 1970, for display only. */
  readonly savedAt: number;
}

type Marks = Readonly<Record<string, RunMark>>;

/** The remembered runs by name. */
export async function readMarks(): Promise<ReadonlyMap<string, RunMark>> {
  const text = await readSentinel(NAME);
  return new Map(text === undefined ? [] : Object.entries(JSON.parse(text) as Marks));
}

/** Remembers a run's last checkpoint, or with undefined forgets the run. */
export async function writeMark(run: string, mark: RunMark | undefined): Promise<void> {
  // Two runs may be written at once.
  await navigator.locks.request(`${NAME}.sentinel`, async () => {
    const marks = new Map(await readMarks());
    if (mark) marks.set(run, mark);
    else if (!marks.delete(run)) return;
    await writeSentinel(NAME, JSON.stringify(Object.fromEntries(marks)));
  });
}
