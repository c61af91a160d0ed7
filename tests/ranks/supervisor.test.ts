import { describe, expect, it } from "vitest";
import { type Abort, abortGroup, abortOf, WORD, wordOf } from "../../src/ranks/group-memory";
import type { RankEnd, RankOptions, RankPlace, RankShape, RankWorkerApi } from "../../src/ranks/rank-api";
import type { RankHandle, RankHost, Timers } from "../../src/ranks/slot";
import { plannedRanks, Supervisor, type SupervisorOptions } from "../../src/ranks/supervisor";
import type { RankEvent, TrainEvent } from "../../src/train/events";
import { keptLooks } from "../../src/train/inspect/kept";
import { commitSnapshot, openSlot, snapshotLayout, writeSnapshotState } from "../../src/train/snapshot";
import { MemoryStorage } from "../helpers/memory-storage";
import { openHand } from "../helpers/open-hand";
import { rankConfig } from "../helpers/rank-run";
import { evaluationRecord, stepRecord } from "../helpers/scripted-rank";
import { lookView } from "../pages/inspect/look-view";
import { posedHand } from "../pages/viewer/posed-hand";

const hand = posedHand(openHand(), 0.2);

const layout = snapshotLayout([{ name: "weight", shape: [2], size: 2, trainable: true, options: {} }]);
const schedule = { lrBackbone: 1, lrHead: 1, minLr: 0, warmupSteps: 0, totalSteps: 100 };
const shape: RankShape = {
  ...{ adapter: "adapter", softwareAdapter: true, layout, microBatches: 4, buckets: [2], tables: {}, totalSteps: 100 },
  facts: { hand: "OpenHand", samples: "4+1:0", microBatches: 4, schedule, stepsPerEpoch: 10, adapter: "adapter" },
};

/** Time that passes only when somebody waits for it, fast. */
class FastTimers implements Timers {
  #now = 0;
  readonly #due: { readonly at: number; readonly callback: () => void }[] = [];
  now = (): number => this.#now;

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#due.push(entry);
    setImmediate(() => this.#turn());
    return () => {
      const i = this.#due.indexOf(entry);
      if (i >= 0) this.#due.splice(i, 1);
    };
  }

  #turn(): void {
    this.#due.sort((a, b) => a.at - b.at);
    const next = this.#due.shift();
    if (!next) return;
    this.#now = Math.max(this.#now, next.at);
    next.callback();
  }
}

/** A worker of the tests: what it does in a group is up to `script`. */
class FakeRank implements RankWorkerApi {
  readonly calls: string[] = [];
  place: RankPlace | undefined;
  emit: (event: RankEvent) => unknown = () => undefined;
  leave: (end: RankEnd) => void = () => undefined;
  die: (why: string) => void = () => undefined;
  isTerminated = false;

  constructor(
    readonly worker: number,
    private readonly script: Script,
  ) {}

  async build(options: RankOptions, emit: (event: RankEvent) => unknown): Promise<RankShape> {
    this.emit = emit;
    return (await this.script.build?.(this, options)) ?? shape;
  }

  train(place: RankPlace): Promise<RankEnd> {
    this.place = place;
    const words = new Int32Array(place.memory.control);
    for (const word of [WORD.state, WORD.call]) Atomics.store(words, wordOf(place.rank, word), 1);
    return new Promise((resolve) => {
      this.leave = resolve;
      this.script.train(this, place);
    });
  }

  /** As a trainer does: writes the snapshot and commits. */
  commit(step: number): void {
    const { shadow } = this.place!;
    writeSnapshotState(shadow.snapshots[openSlot(shadow)], { step, optimizerStep: step, best: null, bestStep: null });
    commitSnapshot(shadow);
  }

  async #note(call: string): Promise<void> {
    this.calls.push(call);
    this.script.asked?.(this, call);
  }

  reform = (): Promise<void> => this.#note("reform");
  pause = (): Promise<void> => this.#note("pause");
  resume = (): Promise<void> => this.#note("resume");
  stepOnce = (): Promise<void> => this.#note("stepOnce");
  stop = (): Promise<void> => this.#note("stop");
  close = (): Promise<void> => this.#note("close");
  profile = (): Promise<never> => Promise.reject(new Error("no profile"));
  cancelProfile = async (): Promise<void> => undefined;
  peaks = (): Promise<never> => Promise.reject(new Error("no peaks"));
  samples = (): Promise<never> => Promise.reject(new Error("no sample"));
  thumbnails = (): Promise<never> => Promise.reject(new Error("no sample"));
  predict = (): Promise<never> => Promise.reject(new Error("no sample"));
  look = (): Promise<never> => Promise.reject(new Error("no sample"));
  cancelLook = async (): Promise<void> => undefined;
}

interface Script {
  build?(rank: FakeRank, options: RankOptions): Promise<RankShape | undefined>;
  train(rank: FakeRank, place: RankPlace): void;
  asked?(rank: FakeRank, call: string): void;
}

interface Scene {
  readonly supervisor: Supervisor;
  readonly storage: MemoryStorage;
  readonly events: TrainEvent[];
  /** Every worker that was started. */
  readonly started: FakeRank[];
  readonly lines: () => string[];
}

function scene(ranks: number, script: Script, options: Partial<SupervisorOptions> = {}): Scene {
  const storage = new MemoryStorage();
  const events: TrainEvent[] = [];
  const started: FakeRank[] = [];
  const host: RankHost = {
    start(worker): RankHandle {
      const rank = new FakeRank(worker, script);
      started.push(rank);
      return {
        api: rank,
        onEnd(listener) {
          rank.die = listener;
        },
        terminate() {
          rank.isTerminated = true;
          return true;
        },
      };
    },
  };
  const supervisor = new Supervisor({
    ...{ name: "run", config: rankConfig({ steps: 100, checkpointEvery: 50 }), host, storage, resume: false, ranks },
    emit: (event) => void events.push(event),
    wallSeconds: () => 0,
    timers: new FastTimers(),
    ...options,
  });
  const lines = (): string[] => events.flatMap((event) => (event.type === "log" ? [event.line] : []));
  return { supervisor, storage, events, started, lines };
}

/** Leaves the group that a rank, or the supervisor, has aborted, for the reason that the group has. */
const survive = (rank: FakeRank): void => {
  const reason = abortOf(rank.place!.memory)?.reason ?? "threw";
  rank.leave({ kind: "fault", reason, text: "of another rank", canContinue: true });
};

const abort = (rank: FakeRank, reason: Abort["reason"], text: string): void =>
  void abortGroup(rank.place!.memory, { reason, rank: rank.place!.rank, text });

describe("a supervisor", () => {
  it("refuses more ranks than micro-batches, and trains on one where memory cannot be shared", () => {
    const config = rankConfig({});
    expect(() => plannedRanks({ config, ranks: 5 })).toThrow(
      "5 ranks, but a step has 4 micro-batches (optim.microBatches) and each rank needs one; expected at most 4 ranks",
    );
    expect(() => plannedRanks({ config, ranks: 1.5 })).toThrow("1.5 ranks, expected a whole number from 1 on");
    expect(plannedRanks({ config, ranks: 4 })).toEqual({ ranks: 4 });
    const scope = globalThis as { crossOriginIsolated?: boolean };
    scope.crossOriginIsolated = false;
    try {
      expect(plannedRanks({ config, ranks: 2 })).toMatchObject({ ranks: 1, why: expect.stringContaining("memory") });
    } finally {
      delete scope.crossOriginIsolated;
    }
  });

  it("goes on with the others when a worker ends, and asks them to form a group with the new one", async () => {
    const sizes: number[] = [];
    const { supervisor, started, events } = scene(3, {
      train(rank, { memory, rank: place }) {
        if (place === 0) sizes.push(memory.worldSize);
        if (memory.generation === 1) {
          if (place === 0) rank.commit(10);
          if (rank.worker === 1) rank.die("it is gone");
          else setImmediate(() => survive(rank));
        } else if (memory.worldSize === 3) rank.leave({ kind: "done", step: 100 });
      },
      asked(rank, call) {
        if (call === "reform") for (const each of started) each.leave({ kind: "reform", step: 20 });
        if (call === "reform") rank.commit(20);
      },
    });
    expect(await supervisor.run()).toEqual({ kind: "done", step: 100 });
    expect(sizes).toEqual([3, 2, 3]);
    expect(started.map(({ worker }) => worker)).toEqual([0, 1, 2, 1]);
    const [fault] = events.flatMap((event) => (event.type === "fault" ? [event.record] : []));
    expect(fault).toMatchObject({ step: 10, rank: 1, reason: "ended", ranks_before: 3, ranks_after: 2 });
    expect(fault.text).toBe("rank 1: its worker ended: it is gone");
    expect(fault.action).toBe("2 of 3 ranks went on from step 10, rank 1 is started again");
    expect(events.at(-1)).toEqual({ type: "finished", step: 100, reason: "done" });
  });

  it("holds a run: paused from the beginning, and no file is written before its first step", async () => {
    const line = { type: "log", line: "resumed at step 4" } as const;
    let written: string[] | undefined;
    const { supervisor, started, storage } = scene(
      2,
      {
        train(rank) {
          if (rank.worker === 0) rank.emit(line);
          if (rank.worker === 0) rank.emit({ type: "paused", step: 4 });
        },
        asked(rank, call) {
          if (call === "pause") written = [...storage.files.keys()];
          // Nobody shows a sign of life to the watchdog, whose time flies.
          if (call === "pause") void supervisor.resume();
          if (call !== "resume") return;
          rank.emit({ type: "step", record: { ...stepRecord(5), ranks: 2 } });
          for (const each of started) each.leave({ kind: "stopped", step: 5 });
        },
      },
      { hold: true },
    );
    await supervisor.run();
    expect(started[0].calls).toEqual(["pause", "resume"]);
    expect(started.map(({ place }) => place?.isHeld)).toEqual([true, true]);
    expect(written).toEqual([]);
    expect(storage.text("log.txt")).toContain(line.line);
    expect(storage.text("metrics.jsonl")).toContain('"step":5');
  });

  it("keeps the worst samples when it ends, and ends as well where it cannot", async () => {
    const view = lookView({ split: "val", index: 1 }, { truth: hand, coarse: hand, refined: hand });
    for (const answer of [view, undefined]) {
      const { supervisor, storage, events, lines } = scene(
        1,
        {
          train(rank) {
            const values = Float32Array.from([10, 30, 20]);
            const table = { step: 7, epoch: 0, columns: ["mpjpe_mm"], values };
            rank.emit({ type: "scores", ids: ["a", "b", "c"], table });
            if (answer) rank.look = async () => answer as never;
            rank.leave({ kind: "stopped", step: 7 });
          },
        },
        { keepWorst: 1 },
      );
      expect(await supervisor.run()).toEqual({ kind: "stopped", step: 7 });
      expect(await keptLooks(storage)).toEqual(answer ? [{ split: "val", index: 1 }] : []);
      expect(lines().at(-1)).toBe(
        answer
          ? "kept the worst validation samples of step 7: val 1"
          : "warning: the worst validation samples could not be kept: no sample",
      );
      expect(storage.text("log.txt")).toContain(lines().at(-1)!);
      expect(events.at(-1)).toEqual({ type: "finished", step: 7, reason: "stopped" });
    }
  });

  it("gives every group memory of its own, filled with the committed snapshot", async () => {
    const places: RankPlace[] = [];
    const { supervisor } = scene(1, {
      train(rank, place) {
        places.push(place);
        if (places.length === 1) {
          rank.commit(30);
          abort(rank, "threw", "rank 0 threw: once");
          survive(rank);
        } else rank.leave({ kind: "done", step: 100 });
      },
    });
    await supervisor.run();
    const [first, second] = places;
    expect(second.memory.generation).toBe(2);
    expect(second.shadow.snapshots.some((each) => first.shadow.snapshots.includes(each))).toBe(false);
    expect(second.memory.control).not.toBe(first.memory.control);
    expect(new Float64Array(second.shadow.snapshots[0])[0]).toBe(30);
    expect(first.announce).toEqual({ ranks: 1, resumedStep: undefined });
  });

  it("ends at once when the steps of all ranks are refused, with a checkpoint", async () => {
    let groups = 0;
    const { supervisor, storage, events, started } = scene(2, {
      train(rank, { rank: place, memory }) {
        groups = memory.generation;
        if (place === 0) rank.commit(7);
        rank.leave({ kind: "diverged", step: 7, text: "3 steps in a row were refused; made by rank 1" });
      },
    });
    await expect(supervisor.run()).rejects.toThrow(/^3 steps in a row were refused; made by rank 1$/);
    expect(groups).toBe(1);
    expect(started).toHaveLength(2);
    expect(await storage.list()).toContain("checkpoints/step-000007/state.json");
    expect(events.at(-1)).toMatchObject({ type: "error", message: expect.stringContaining("3 steps in a row") });
    expect(events.filter(({ type }) => type === "fault")).toEqual([]);
  });

  it("ends after five faults without a step kept between them, with a checkpoint", async () => {
    let groups = 0;
    const { supervisor, storage, events } = scene(2, {
      train(rank, { rank: place, memory }) {
        groups = memory.generation;
        if (place === 0 && memory.generation === 1) rank.commit(7);
        if (place === 1) abort(rank, "threw", `rank 1 threw: time ${memory.generation}`);
        survive(rank);
      },
    });
    await expect(supervisor.run()).rejects.toThrow(
      "5 faults in a row without one step kept between them, the last one: rank 1 threw: time 5; the run ends at step 7",
    );
    expect(groups).toBe(5);
    expect([...storage.files.keys()]).toContain("checkpoints/step-000007/model.safetensors");
    expect(events.at(-1)?.type).toBe("error");
  });

  it("ends a rank that hangs and does not come out, and starts another one", async () => {
    const { supervisor, started } = scene(2, {
      train(rank, { rank: place, memory }) {
        const words = new Int32Array(memory.control);
        const timer = setInterval(() => {
          // Rank 0 lives; rank 1 does once.
          Atomics.add(words, wordOf(0, WORD.alive), 1);
          Atomics.add(words, wordOf(0, WORD.progress), 1);
        }, 0);
        Atomics.store(words, wordOf(place, WORD.alive), 1);
        if (memory.generation > 1 && memory.worldSize === 2) rank.leave({ kind: "done", step: 1 });
        if (place === 0) {
          const wait = setInterval(() => {
            if (words[0] <= 0) return;
            clearInterval(wait);
            clearInterval(timer);
            survive(rank);
          }, 0);
        } else clearInterval(timer);
      },
      asked(_, call) {
        if (call === "reform") for (const each of started) each.leave({ kind: "reform", step: 0 });
      },
    });
    await supervisor.run();
    expect(started.map(({ worker, isTerminated }) => [worker, isTerminated])).toContainEqual([1, true]);
    expect(started.filter(({ worker }) => worker === 1)).toHaveLength(2);
  });

  it("waits for an adapter with a sentence and a checkpoint, and gives up after minutes", async () => {
    let builds = 0;
    const { supervisor, events, storage } = scene(1, {
      async build() {
        if (++builds > 1) throw new Error("no WebGPU adapter was found");
        return undefined;
      },
      train(rank) {
        rank.commit(4);
        rank.leave({ kind: "fault", reason: "device", text: "the GPU device was lost", canContinue: false });
      },
    });
    await expect(supervisor.run()).rejects.toThrow("no rank is left to train on: no WebGPU adapter was found");
    expect(builds).toBeGreaterThan(8);
    expect(storage.files.has("checkpoints/step-000004/state.json")).toBe(true);
    const texts = events.flatMap((event) => (event.type === "rank" ? [event.status.text] : []));
    expect(texts.some((text) => /tried again in 30 s; a browser gives no adapter for two minutes/.test(text))).toBe(
      true,
    );
  });

  it("keeps a pause when rank 0 becomes another worker, and passes on a stop", async () => {
    const { supervisor, started } = scene(2, {
      train(rank, { memory, rank: place }) {
        if (memory.generation > 1) return;
        if (place === 1) survive(rank);
        else
          void supervisor.pause().then(() => {
            rank.die("it is gone");
          });
      },
      asked(rank, call) {
        if (call === "pause" && rank.place!.memory.generation > 1) void supervisor.stop();
        if (call === "stop") for (const each of started) each.leave({ kind: "stopped", step: 3 });
        if (call === "reform") for (const each of started) each.leave({ kind: "reform", step: 3 });
      },
    });
    expect(await supervisor.run()).toEqual({ kind: "stopped", step: 3 });
    expect(started[1].calls).toContain("pause");
    expect(started[1].calls).toContain("stop");
  });

  it("refuses ranks that were built from other data", async () => {
    const { supervisor } = scene(2, {
      build: async (rank) => (rank.worker === 1 ? { ...shape, totalSteps: 7 } : undefined),
      train: () => undefined,
    });
    await expect(supervisor.run()).rejects.toThrow(
      "rank 1 was built with totalSteps 7, rank 0 with 100; all ranks must be built from the same data and settings",
    );
  });

  it("says that ranks compute on different adapters", async () => {
    const { supervisor, lines } = scene(2, {
      build: async (rank) => ({ ...shape, adapter: `adapter ${rank.worker}` }),
      train(rank, { mixedAdapters }) {
        rank.leave({ kind: "done", step: mixedAdapters ? 100 : 0 });
      },
    });
    expect(await supervisor.run()).toMatchObject({ step: 100 });
    expect(lines()).toContainEqual(
      expect.stringMatching(/^ranks compute on different adapters \(adapter 0; adapter 1\)/),
    );
  });

  it("ends at once when it is stopped while the first worker reads the data", async () => {
    const { supervisor, started, events } = scene(2, {
      build: (rank) => (rank.worker === 0 ? new Promise(() => void supervisor.stop()) : Promise.resolve(undefined)),
      train: () => undefined,
    });
    expect(await supervisor.run()).toEqual({ kind: "stopped", step: 0 });
    expect(started).toHaveLength(1);
    expect(events.at(-1)).toEqual({ type: "finished", step: 0, reason: "stopped" });
  });

  it("starts the first worker again when it ends while it is built", async () => {
    let builds = 0;
    const { supervisor, started } = scene(1, {
      build: (rank) => {
        if (++builds > 1) return Promise.resolve(undefined);
        rank.die("no memory left");
        return new Promise(() => undefined);
      },
      train: (rank) => rank.leave({ kind: "done", step: 100 }),
    });
    expect(await supervisor.run()).toEqual({ kind: "done", step: 100 });
    expect(started).toHaveLength(2);
  });

  const constant = (step: number): TrainEvent => ({
    type: "evaluation",
    record: { ...evaluationRecord(step), mpjpe_mm: 50, pa_mpjpe_mm: 20 },
  });

  it.each([{ ignore: [] }, { ignore: ["metric-constant"] }])(
    "ends a run that is wasted, ignoring $ignore",
    async ({ ignore }) => {
      const script: Script = {
        train(rank, place) {
          if (place.rank !== 0) return;
          for (const step of [10, 20, 30]) rank.emit(constant(step));
          if (ignore.length > 0) for (const each of started) each.leave({ kind: "done", step: 100 });
        },
        asked(_, call) {
          if (call === "stop") for (const each of started) each.leave({ kind: "stopped", step: 30 });
        },
      };
      const { supervisor, started, storage, events, lines } = scene(2, script, { ignore });
      const end = await supervisor.run();
      if (ignore.length > 0) {
        expect(end).toEqual({ kind: "done", step: 100 });
        expect(events.filter(({ type }) => type === "findings")).toEqual([]);
        return;
      }
      expect(end).toEqual({ kind: "stopped", step: 30 });
      expect(lines()).toContainEqual(expect.stringMatching(/^The run is stopped: .*--ignore metric-constant\.$/));
      const { findings } = JSON.parse(storage.text("findings.json")) as {
        findings: { id: string; certainty: string }[];
      };
      expect(findings).toMatchObject([{ id: "metric-constant", severity: "fatal", certainty: "certain" }]);
    },
  );
});
