/**
 * An import at work: frames are decoded several at once and handed to the store in the order of their ids, so that the shards
 * hold the same bytes whatever the number of threads and however often the import was interrupted. Knows no file, no database
 * and no thread: they are given. Nothing is dropped without its reason, and a drive that was pulled out is no reason.
 */
import { DataError } from "./data-error";
import type { Decoded } from "./import-decode";
import { count, newReport } from "./import-report";
import { type ShardWriter, StoreError } from "./shards/types";
import { sequenceOf } from "./split";
import type { ImportReport } from "./types";

/**
 * "reading"; "paused" by the user; "full": the store has no room and `resume` tries again; then one of the ends: "complete",
 * "cancelled", "failed".
 */
export type ImportState = "reading" | "paused" | "full" | "complete" | "cancelled" | "failed";

/** How far an import is; plain data. */
export interface ImportProgress {
  readonly state: ImportState;
  /** Frames looked at, those of earlier sessions included, of all that were chosen. */
  readonly done: number;
  readonly total: number;
  /** Frames of `done` that were there when the import was started: not read again. */
  readonly before: number;
  /** Frames of `done` that are safe in the store. */
  readonly committed: number;
  /** Of this session. */
  readonly kept: number;
  readonly dropped: number;
  /** Bytes of the records of this session, and of all chosen frames if none is dropped. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** Of this session, without its pauses; undefined before the first frame. */
  readonly framesPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
  /** Sequence of the last frame. */
  readonly sequence: string;
  /** With "full" and "failed": a sentence. */
  readonly message: string | undefined;
}

/** First frame that was dropped for a reason, with its whole sentence. */
export interface DropExample {
  readonly count: number;
  readonly example: string;
  readonly message: string;
}

/** How an import ended. */
export interface ImportOutcome {
  readonly state: "complete" | "cancelled" | "full";
  readonly progress: ImportProgress;
  /** What this session dropped, by reason. */
  readonly dropped: ReadonlyMap<string, DropExample>;
  /** What this session noted, by note. */
  readonly notes: ImportReport["notes"];
  /** Time of this session without its pauses, seconds. */
  readonly seconds: number;
}

export interface ImportJobOptions {
  /** Name of the data set, for messages. */
  readonly name: string;
  /** The chosen frames in the order of the data set. */
  readonly ids: readonly string[];
  readonly writer: ShardWriter;
  /** Bytes of one stored record. */
  readonly recordBytes: number;
  /** Decodes one frame; rejects only for what is no fault of the frame. */
  readonly decode: (id: string) => Promise<Decoded>;
  /** Frames that are decoded at the same time. */
  readonly parallel: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Called with every change of state, and about ten times a second in between. */
  readonly onProgress?: (progress: ImportProgress) => void;
  /** A store without room ends the import, instead of waiting for `resume` or `cancel`. */
  readonly endWhenFull?: boolean;
}

const PROGRESS_INTERVAL_MS = 100;
/** After this many unusable frames in a row, a frame that was good is read again: are the files still there? */
const STREAK = 8;
/** Words under which a frame without depth is counted. */
export const NO_DEPTH = "without depth image";

/** One import. `run` once; `pause`, `resume` and `cancel` at any time. */
export class ImportJob {
  readonly #todo: readonly string[];
  readonly #before: number;
  readonly #doneAtStart: number;
  #state: ImportState = "reading";
  #message: string | undefined;
  #isPaused = false;
  #isCancelled = false;
  #wake: (() => void) | undefined;
  #done = 0;
  #kept = 0;
  #sequence = "";
  #activeMs = 0;
  #since: number | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Unusable frames since the last usable one; dropped once the files are known to be there. */
  #held: Extract<Decoded, { kind: "refused" }>[] = [];
  #streak = STREAK;
  #lastGood: string | undefined;
  readonly #dropped = new Map<string, DropExample>();
  readonly #notes = newReport().notes;

  constructor(private readonly options: ImportJobOptions) {
    const { ids, writer } = options;
    this.#todo = ids.filter((id) => !writer.done.has(id));
    this.#before = ids.length - this.#todo.length;
    this.#doneAtStart = writer.done.size;
  }

  /** Stops asking for frames; what is being decoded is kept in memory. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on after `pause`, or tries again after the store was full. */
  resume(): void {
    this.#isPaused = false;
    this.#wake?.();
  }

  /** Ends the import; what is committed stays, and a later import goes on from there. */
  cancel(): void {
    this.#isCancelled = true;
    this.#wake?.();
  }

  get progress(): ImportProgress {
    const { ids, recordBytes, writer } = this.options;
    const seconds = this.#seconds();
    const rate = this.#done > 0 && seconds > 0 ? this.#done / seconds : undefined;
    const left = this.#todo.length - this.#done;
    return {
      state: this.#state,
      done: this.#before + this.#done,
      total: ids.length,
      before: this.#before,
      committed: this.#before + writer.done.size - this.#doneAtStart,
      kept: this.#kept,
      dropped: this.#done - this.#kept,
      bytes: this.#kept * recordBytes,
      totalBytes: ids.length * recordBytes,
      framesPerSecond: rate,
      secondsLeft: rate === undefined ? undefined : left / rate,
      sequence: this.#sequence,
      message: this.#message,
    };
  }

  /**
   * Reads every frame that is not done. Releases the writer whatever happens. Rejects with a DataError when no frame can be used or
   * the files are gone, with a StoreError when the store fails otherwise than for lack of room, with what a thread died of.
   */
  async run(): Promise<ImportOutcome> {
    const { writer, ids, name } = this.options;
    let isOpen = true;
    this.#since = this.options.now();
    try {
      this.#tell();
      let end = await this.#readAll();
      if (end === "complete") {
        await this.#dropHeld(true);
        if (this.#before + this.#kept === 0) {
          const [first] = this.#dropped.values();
          throw new DataError(
            `${name}: none of ${ids.length} frames can be used${first ? `; first: ${first.message}` : ""}`,
          );
        }
        end = await this.#store(async () => {
          await writer.finish();
          isOpen = false;
        });
      }
      this.#enter(end);
      const { progress } = this;
      return { state: end, progress, dropped: this.#dropped, notes: this.#notes, seconds: this.#seconds() };
    } catch (error) {
      this.#enter("failed", (error as Error).message);
      throw error;
    } finally {
      if (isOpen) await writer.close();
    }
  }

  async #readAll(): Promise<ImportOutcome["state"]> {
    const { decode, parallel } = this.options;
    const ahead: Promise<Decoded>[] = [];
    let next = 0;
    while (this.#done + this.#held.length < this.#todo.length) {
      await this.#waitWhilePaused();
      if (this.#isCancelled) return "cancelled";
      while (ahead.length < parallel && next < this.#todo.length) {
        const decoded = decode(this.#todo[next++]);
        // An error is met when the frame's turn comes.
        decoded.catch(() => undefined);
        ahead.push(decoded);
      }
      const end = await this.#take(await ahead.shift()!);
      if (end !== "complete") return end;
      this.#tellSometimes();
    }
    return "complete";
  }

  /** Hands one frame to the store; "complete" when that is done. */
  async #take(decoded: Decoded): Promise<ImportOutcome["state"]> {
    const { writer } = this.options;
    if (decoded.kind === "refused") {
      this.#held.push(decoded);
      if (this.#held.length >= this.#streak) {
        await this.#dropHeld(true);
        this.#streak *= 2;
      }
      return "complete";
    }
    await this.#dropHeld(false);
    this.#streak = STREAK;
    const { record } = decoded;
    if (record.depth === undefined) {
      writer.note(record.id, NO_DEPTH);
      count(this.#notes, NO_DEPTH, record.id);
    }
    let isAdded = false;
    const end = await this.#store(() => {
      // The store holds on to what it could not write.
      if (isAdded) return writer.flush();
      isAdded = true;
      return writer.add(record);
    });
    if (end !== "complete") return end;
    this.#lastGood = record.id;
    this.#sequence = record.sequence;
    this.#kept++;
    this.#done++;
    return "complete";
  }

  /** Drops the frames in a row that could not be used; throws instead when `verify` finds that the files are gone. */
  async #dropHeld(verify: boolean): Promise<void> {
    if (this.#held.length === 0) return;
    if (verify) await this.#verifyFiles();
    for (const { id, reason, message } of this.#held) {
      this.options.writer.drop(id, reason);
      const known = this.#dropped.get(reason);
      this.#dropped.set(reason, known ? { ...known, count: known.count + 1 } : { count: 1, example: id, message });
      this.#sequence = sequenceOf(id);
      this.#done++;
    }
    this.#held = [];
  }

  /** Throws a DataError when no frame that was good can be read again. */
  async #verifyFiles(): Promise<void> {
    const { writer, decode, name } = this.options;
    const probes = this.#lastGood === undefined ? [...writer.done].slice(0, STREAK) : [this.#lastGood];
    for (const id of probes) if ((await decode(id)).kind === "record") return;
    if (probes.length === 0) return;
    const last = this.#held[this.#held.length - 1];
    throw new DataError(
      `${name}: ${this.#held.length} frames in a row cannot be read, and neither can "${probes[0]}", which was good before; is the drive or the permission gone? Nothing was dropped for it; make the files readable and start the import again, it goes on where it was (last: ${last.message})`,
      "files gone",
    );
  }

  /** Tries until it works, the user gives up, or an error is no lack of room. */
  async #store(attempt: () => Promise<void>): Promise<ImportOutcome["state"]> {
    for (;;) {
      try {
        await attempt();
        return "complete";
      } catch (error) {
        if (!(error instanceof StoreError && error.kind === "full")) throw error;
        this.#message = error.message;
        if (this.options.endWhenFull) return "full";
        this.#enter("full", error.message);
        await this.#sleep();
        if (this.#isCancelled) return "cancelled";
        this.#enter("reading");
      }
    }
  }

  async #waitWhilePaused(): Promise<void> {
    if (!this.#isPaused || this.#isCancelled) return;
    this.#enter("paused");
    while (this.#isPaused && !this.#isCancelled) await this.#sleep();
    if (!this.#isCancelled) this.#enter("reading");
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Changes the state; the clock runs while frames are read. */
  #enter(state: ImportState, message?: string): void {
    this.#activeMs = this.#seconds() * 1000;
    this.#since = state === "reading" ? this.options.now() : undefined;
    this.#state = state;
    this.#message = message ?? (state === "full" ? this.#message : undefined);
    this.#tell();
  }

  #seconds(): number {
    return (this.#activeMs + (this.#since === undefined ? 0 : this.options.now() - this.#since)) / 1000;
  }

  #tellSometimes(): void {
    if (this.options.now() - this.#toldMs >= PROGRESS_INTERVAL_MS) this.#tell();
  }

  #tell(): void {
    this.#toldMs = this.options.now();
    this.options.onProgress?.(this.progress);
  }
}
