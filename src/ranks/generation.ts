/** The life of one group, seen from outside: watched, aborted when a rank fails, and over once every rank is out of it or given up. */
import type { ShadowMemory } from "../train/snapshot";
import { abortGroup, abortOf, type GroupMemory, WORD, wordOf } from "./group-memory";
import type { RankEnd, RankPlace } from "./rank-api";
import type { Slot, Timers } from "./slot";
import { Watchdog, type WatchdogOptions } from "./watchdog";

/** Once the group is aborted, a rank that shows no sign of life for so long, ms, is given up; the watchdog's own patience where it is set. */
const SILENT_MS = 1000;
/** How long the rank that was found stuck may take to come out of an aborted group, ms. */
const CULPRIT_MS = 2000;
/** How long any other one may, ms: the GPU may be at a long step. */
const COME_OUT_MS = 60_000;
/** Time between two looks until a group has begun, ms. */
const CLOSE_LOOK_MS = 20;

/** What went wrong, before what was done about it is known. */
export interface Fault {
  /** The rank in the group, -1 for none or all. */
  readonly rank: number;
  readonly reason: string;
  readonly text: string;
  /** From the last sign of work to the abort. */
  readonly detectedMs: number;
  readonly abortedAt: number;
}

export interface GenerationEnd {
  readonly kind: "done" | "stopped" | "reform" | "diverged" | "fault";
  /** For "done" and "stopped". */
  readonly step: number;
  /** For "diverged": why. */
  readonly text: string;
  readonly fault: Fault | undefined;
  /** Ranks whose network must be built again, in the worker that they have; ranks whose worker ended; ranks that did not come out. */
  readonly rebuild: readonly Slot[];
  readonly ended: readonly Slot[];
  readonly stuck: readonly Slot[];
}

export interface GenerationOptions {
  readonly memory: GroupMemory;
  readonly shadow: ShadowMemory;
  readonly place: Omit<RankPlace, "rank" | "memory" | "shadow">;
  readonly timers: Timers;
  readonly watchdog?: WatchdogOptions;
  /** Called with every look. */
  readonly onLook: () => void;
  /** Called once, when every rank has restored its weights and begun its first step. */
  readonly onBegun: () => void;
  /** Called once, when the group was aborted, by whomever. */
  readonly onAbort: () => void;
}

interface Member {
  readonly slot: Slot;
  end: RankEnd | undefined;
  /** Did not come out in time. */
  isStuck: boolean;
  alive: number;
  progress: number;
  workedAt: number;
  silentMs: number;
}

export class Generation {
  readonly #members: Member[];
  readonly #words: Int32Array;
  readonly #watchdog: Watchdog;
  #fault: Fault | undefined;
  /** Since when somebody is out of the group. */
  #endingSince: number | undefined;
  #lastLook: number;
  #hasBegun = false;
  #cancel: () => void = () => undefined;
  #resolve: (end: GenerationEnd) => void = () => undefined;

  constructor(
    readonly slots: readonly Slot[],
    private readonly options: GenerationOptions,
  ) {
    const { memory, timers } = options;
    this.#words = new Int32Array(memory.control);
    this.#lastLook = timers.now();
    this.#watchdog = new Watchdog(memory, this.#lastLook, options.watchdog);
    const fresh = { end: undefined, isStuck: false, alive: 0, progress: 0, workedAt: this.#lastLook, silentMs: 0 };
    this.#members = slots.map((slot) => ({ slot, ...fresh }));
  }

  get memory(): GroupMemory {
    return this.options.memory;
  }

  get shadow(): ShadowMemory {
    return this.options.shadow;
  }

  get isEnding(): boolean {
    return this.#endingSince !== undefined || this.#fault !== undefined;
  }

  /** Trains until every rank is out of the group or given up. */
  run(): Promise<GenerationEnd> {
    const { memory, shadow, place } = this.options;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      for (const [rank, member] of this.#members.entries()) {
        const own = rank === 0 ? place : { ...place, announce: undefined };
        void member.slot.train({ ...own, rank, memory, shadow }).then((end) => this.#take(rank, end));
      }
      this.#schedule();
    });
  }

  /** Ends the group from outside. */
  abort(reason: "stopped" | "ended", rank: number, text: string): void {
    abortGroup(this.memory, { reason, rank, text });
    this.#look();
  }

  #schedule(): void {
    const everyMs = this.#hasBegun ? this.#watchdog.everyMs : CLOSE_LOOK_MS;
    this.#cancel = this.options.timers.after(everyMs, () => {
      this.#look();
      if (!this.#isOver) this.#schedule();
    });
  }

  get #isOver(): boolean {
    return this.#members.every(({ end, isStuck }) => end !== undefined || isStuck);
  }

  #take(rank: number, end: RankEnd): void {
    const member = this.#members[rank];
    if (member.end || member.isStuck) return;
    member.end = end;
    const now = this.options.timers.now();
    this.#endingSince ??= now;
    if (end.kind === "fault") {
      const text = end.text.startsWith(`rank ${rank}`) ? end.text : `rank ${rank}: ${end.text}`;
      const isDead = end.reason === "ended";
      abortGroup(this.memory, { reason: isDead ? "ended" : "threw", rank, text });
      this.#noteAbort(now);
    }
    if (this.#isOver) this.#finish();
  }

  #look(): void {
    const { timers, onLook, onBegun } = this.options;
    if (this.#isOver) return;
    const now = timers.now();
    onLook();
    this.#noteSigns(now);
    if (!this.#hasBegun && this.#isBegun) {
      this.#hasBegun = true;
      onBegun();
    }
    const found = this.#fault ? undefined : this.#watchdog.look(now);
    if (found) abortGroup(this.memory, found);
    this.#noteAbort(now);
    if (this.isEnding) this.#giveUp(now);
    if (this.#isOver) this.#finish();
  }

  #load(rank: number, word: number): number {
    return Atomics.load(this.#words, wordOf(rank, word));
  }

  /** Every rank has come to the beginning of its first step. */
  get #isBegun(): boolean {
    return this.#members.every((_, rank) => this.#load(rank, WORD.call) > 0);
  }

  #noteSigns(now: number): void {
    // A look that comes late was a machine asleep.
    const elapsedMs = Math.min(now - this.#lastLook, 2 * this.#watchdog.everyMs);
    this.#lastLook = now;
    for (const [rank, member] of this.#members.entries()) {
      const alive = this.#load(rank, WORD.alive);
      const progress = this.#load(rank, WORD.progress);
      member.silentMs = alive === member.alive ? member.silentMs + elapsedMs : 0;
      if (progress !== member.progress) member.workedAt = now;
      member.alive = alive;
      member.progress = progress;
    }
  }

  #noteAbort(now: number): void {
    const abort = this.#fault ? undefined : abortOf(this.memory);
    if (!abort) return;
    const { reason, rank, text } = abort;
    const since = this.#members[rank]?.workedAt ?? Math.max(...this.#members.map(({ workedAt }) => workedAt));
    this.#fault = { reason, rank, text, detectedMs: Math.max(0, now - since), abortedAt: now };
    this.#endingSince = now;
    this.options.onAbort();
  }

  #giveUp(now: number): void {
    const waitedMs = now - (this.#endingSince ?? now);
    const patienceMs = this.options.watchdog?.silentMs ?? SILENT_MS;
    for (const [rank, member] of this.#members.entries()) {
      if (member.end || member.isStuck) continue;
      const isCulprit = this.#fault?.rank === rank && ["stuck", "timeout"].includes(this.#fault.reason);
      // One that has not taken its place yet is copying the snapshot to its device.
      const isSilent =
        member.alive > 0 && member.silentMs >= patienceMs && (this.#fault !== undefined || waitedMs >= patienceMs);
      if (!isSilent && waitedMs < (isCulprit ? CULPRIT_MS : COME_OUT_MS)) continue;
      member.isStuck = true;
    }
  }

  /** A rank that throws since its device is lost says so when it is out. */
  #reasonOf({ rank, reason }: Fault): string {
    const end = this.#members[rank]?.end;
    return end?.kind === "fault" && end.reason === "device" ? end.reason : reason;
  }

  #finish(): void {
    this.#cancel();
    const of = (fits: (member: Member) => boolean): Slot[] => this.#members.filter(fits).map(({ slot }) => slot);
    // Not by the reason: survivors give their group's, which is "ended" where a worker did.
    const isEnded = ({ end, slot }: Member): boolean => end?.kind === "fault" && !slot.hasWorker;
    const first = this.#members[0].end;
    const isWhole = first !== undefined && first.kind !== "fault" && (first.kind !== "reform" || !this.#fault);
    this.#resolve({
      kind: isWhole ? first.kind : "fault",
      step: first && first.kind !== "fault" ? first.step : 0,
      text: first?.kind === "diverged" ? first.text : "",
      fault: this.#fault && { ...this.#fault, reason: this.#reasonOf(this.#fault) },
      rebuild: of((member) => member.end?.kind === "fault" && !member.end.canContinue && !isEnded(member)),
      ended: of(isEnded),
      stuck: of(({ isStuck }) => isStuck),
    });
  }
}
