import { describe, expect, it } from "vitest";
import { tiny } from "../../src/config";
import { readCheckpoint } from "../../src/train/checkpoint";
import type { FaultRecord, TimesRecord } from "../../src/train/events";
import { Recorder } from "../../src/train/recorder";
import { createShadow, snapshotLayout, writeSnapshotState } from "../../src/train/snapshot";
import { LineFile } from "../../src/train/storage";
import { MemoryStorage } from "../helpers/memory-storage";
import { stepTimes } from "../helpers/scripted-rank";

/** A storage whose disk is full at first. */
class FullStorage extends MemoryStorage {
  isFull = true;

  override async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.isFull) throw new Error("no space left on device");
    await super.write(path, bytes);
  }
}

describe("a file of lines", () => {
  it("is written again after a flush that failed", async () => {
    const storage = new FullStorage();
    const file = new LineFile(storage, "log.txt", "before\n");
    file.add("one");
    await expect(file.flush()).rejects.toThrow("no space left on device");
    storage.isFull = false;
    await file.flush();
    expect(storage.text("log.txt")).toBe("before\none\n");
  });

  it("writes a line that came while another flush was going on, and nothing without a new one", async () => {
    const storage = new FullStorage();
    storage.isFull = false;
    const file = new LineFile(storage, "log.txt");
    file.add("one");
    const flushing = file.flush();
    file.add("two");
    await flushing;
    await file.flush();
    expect(storage.text("log.txt")).toBe("one\ntwo\n");
    storage.isFull = true;
    await file.flush();
  });
});

describe("the files of a run", () => {
  const layout = snapshotLayout([{ name: "weight", shape: [2], size: 2, trainable: true, options: {} }]);
  const schedule = { lrBackbone: 1, lrHead: 1, minLr: 0, warmupSteps: 0, totalSteps: 100 };
  const facts = {
    hand: "OpenHand",
    samples: "4+1:0",
    microBatches: 4,
    schedule,
    stepsPerEpoch: 10,
    adapter: "adapter",
  };
  const fault = (step: number): FaultRecord => ({
    ...{ step, replayed: 0, rank: 1, reason: "ended", text: "", action: "" },
    ...{ detected_ms: 0, recovered_ms: 0, ranks_before: 2, ranks_after: 1 },
  });

  it("keep the faults from before the run was resumed", async () => {
    const storage = new MemoryStorage();
    const options = { storage, config: tiny(), layout, facts, emit: () => undefined, wallSeconds: () => 0 };
    const first = new Recorder(options);
    first.take({ type: "fault", record: fault(3) });
    const { snapshots } = createShadow(layout);
    writeSnapshotState(snapshots[0], { step: 4, optimizerStep: 4, best: null, bestStep: null });
    await first.checkpoint(snapshots[0]);
    first.take({ type: "fault", record: fault(6) });
    await first.idle();
    const resumed = await readCheckpoint(storage, layout, facts);
    const second = new Recorder({ ...options, resumed });
    second.take({ type: "fault", record: fault(5) });
    await second.idle();
    const lines = storage.text("faults.jsonl").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as FaultRecord).step)).toEqual([3, 6, 5]);
  });

  it("tell where each rank's steps went, up to the step that is resumed from", async () => {
    const storage = new MemoryStorage();
    const options = { storage, config: tiny(), layout, facts, emit: () => undefined, wallSeconds: () => 0 };
    const first = new Recorder(options);
    for (const step of [2, 5, 10]) first.take({ type: "times", step, times: stepTimes(2, step) });
    const { snapshots } = createShadow(layout);
    writeSnapshotState(snapshots[0], { step: 5, optimizerStep: 5, best: null, bestStep: null });
    await first.checkpoint(snapshots[0]);
    await first.idle();
    const told = (): TimesRecord[] =>
      storage
        .text("times.jsonl")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as TimesRecord);
    expect(told().map(({ step }) => step)).toEqual([2, 5, 10]);
    const [, late] = told()[1].ranks;
    expect(late).toEqual({
      ...{ data_ms: 6, compute_ms: 323, read_ms: 38, reduce_ms: 12, wait_ms: 6, update_ms: 9 },
      overlap: 0.75,
    });

    const resumed = await readCheckpoint(storage, layout, facts);
    const second = new Recorder({ ...options, resumed });
    const exact = { ...stepTimes(1, 7)[0], computeMs: 12.3456 };
    second.take({ type: "times", step: 7, times: [exact] });
    await second.idle();
    expect(told().map(({ step, ranks }) => [step, ranks.length])).toEqual([
      [2, 2],
      [5, 2],
      [7, 1],
    ]);
    expect(told()[2].ranks[0].compute_ms).toBe(12.346);
  });
});
