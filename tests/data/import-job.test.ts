/** The job's logic with a store that holds names: orders, states and interruptions. Bytes are compared in cli/import.test.ts. */
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import type { Decoded } from "../../src/data/import-decode";
import { transferable } from "../../src/data/import-decode";
import { ImportJob, type ImportJobOptions, type ImportProgress, NO_DEPTH } from "../../src/data/import-job";
import { type ShardWriter, StoreError } from "../../src/data/shards/types";
import type { CropRecord } from "../../src/data/types";

const IDS = Array.from({ length: 20 }, (_, i) => `SY${i < 12 ? "A" : "B"}0/${String(i).padStart(4, "0")}`);
/** Frames that cannot be used. */
const BAD = new Set([IDS[3], IDS[4], IDS[19]]);

function record(id: string, depth = true): CropRecord {
  return {
    ...{ id, sequence: id.slice(0, 4), recording: "SYA", width: 1, height: 1, x0: 0, y0: 0, step: 1 },
    rgb: new Uint8Array(3),
    depth: depth ? new Uint16Array(1) : undefined,
    square: [0, 0, 1],
    camera: [1, 1, 0, 0],
    joints3d: new Float64Array(63),
    rootOnly: false,
    mano: undefined,
  };
}

const refused = (id: string, reason = "image damaged"): Decoded => ({
  kind: "refused",
  id,
  reason,
  message: `${id} is bad`,
});
const decoded = (id: string): Decoded => (BAD.has(id) ? refused(id) : { kind: "record", record: record(id) });

/** Shards of three records; what is committed outlives a writer. */
class Shelf {
  readonly shards: string[] = [];
  readonly done = new Set<string>();
  isComplete = false;
  open = 0;
  /** Commits that fail for lack of room, counted from now. */
  failures = 0;

  writer(): ShardWriter {
    let held: string[] = [];
    const ids: string[] = [];
    let records = 0;
    this.open++;
    const commit = async (): Promise<void> => {
      await Promise.resolve();
      if (this.failures > 0) {
        this.failures--;
        throw new StoreError("full", "no room");
      }
      if (held.length === 0) return;
      this.shards.push(held.join(" "));
      for (const id of ids.splice(0)) this.done.add(id);
      held = [];
      records = 0;
    };
    return {
      done: this.done,
      repairs: [],
      add: async ({ id }) => {
        if (ids.includes(id)) throw new Error(`${id} was added twice`);
        held.push(id);
        ids.push(id);
        if (++records === 3) await commit();
      },
      drop: (id, reason) => {
        held.push(`-${id}:${reason}`);
        ids.push(id);
      },
      note: (id, note) => void held.push(`${id}:${note}`),
      flush: commit,
      finish: async () => {
        await commit();
        this.isComplete = true;
        this.open--;
        return {} as never;
      },
      close: async () => void this.open--,
    };
  }
}

interface Setup extends Partial<ImportJobOptions> {
  readonly events?: ImportProgress[];
}

function job(shelf: Shelf, { events, ...options }: Setup = {}): ImportJob {
  let now = 0;
  return new ImportJob({
    name: "set",
    ids: IDS,
    writer: shelf.writer(),
    recordBytes: 10,
    decode: async (id) => decoded(id),
    parallel: 1,
    now: () => (now += 60),
    onProgress: (progress) => events?.push(progress),
    ...options,
  });
}

const whole = async (): Promise<Shelf> => {
  const shelf = new Shelf();
  await job(shelf).run();
  return shelf;
};

/** Decoding that takes a while, longer for some frames. */
const slowly = async (id: string, asked: string[] = []): Promise<Decoded> => {
  asked.push(id);
  for (let i = (Number(id.slice(-2)) * 7) % 11; i > 0; i--) await Promise.resolve();
  return decoded(id);
};

describe("the order of what is stored", () => {
  test("is that of the ids, whatever the number of decoders", async () => {
    const { shards } = await whole();
    expect(shards).toHaveLength(6);
    expect(
      shards
        .join(" ")
        .replace(/-|:image damaged/g, "")
        .split(" "),
    ).toEqual(IDS);
    for (const parallel of [1, 2, 3, 7, 50]) {
      const shelf = new Shelf();
      await job(shelf, { parallel, decode: (id) => slowly(id) }).run();
      expect(shelf.shards).toEqual(shards);
    }
  });

  test("is the same after a cancel at every point, and nothing that is done is read again", async () => {
    const { shards } = await whole();
    for (let at = 0; at <= IDS.length; at++) {
      for (const parallel of [1, 3]) {
        const shelf = new Shelf();
        let reads = 0;
        const first = job(shelf, {
          parallel,
          decode: async (id) => {
            if (reads++ === at) first.cancel();
            return slowly(id);
          },
        });
        const outcome = await first.run();
        // Asked while the last frame is read, there is nothing left to cancel.
        if (at < IDS.length - 1) expect(outcome.state).toBe("cancelled");
        expect(shelf.open).toBe(0);
        expect(shelf.shards).toEqual(shards.slice(0, shelf.shards.length));
        if (outcome.state === "complete") continue;
        const safe = new Set(shelf.done);
        const again: string[] = [];
        const second = job(shelf, { parallel, decode: (id) => slowly(id, again) });
        const end = await second.run();
        expect(again.filter((id) => safe.has(id))).toEqual([]);
        expect(end.progress).toMatchObject({ before: safe.size, done: 20, total: 20, committed: 20 });
        expect(shelf.shards).toEqual(shards);
        expect(shelf.isComplete).toBe(true);
      }
    }
  });

  test("is the same after an error at every point", async () => {
    const { shards } = await whole();
    for (let at = 0; at < IDS.length; at++) {
      const shelf = new Shelf();
      const decode = (id: string) => (id === IDS[at] ? Promise.reject(new Error("thread died")) : slowly(id));
      await expect(job(shelf, { parallel: 3, decode }).run()).rejects.toThrow("thread died");
      expect(shelf.open).toBe(0);
      await job(shelf, { parallel: 2 }).run();
      expect(shelf.shards).toEqual(shards);
    }
  });
});

describe("pause", () => {
  test("asks for no further frame until it is resumed, and its time does not count", async () => {
    const events: ImportProgress[] = [];
    let reads = 0;
    const shelf = new Shelf();
    const paused = job(shelf, {
      events,
      parallel: 2,
      decode: async (id) => {
        if (++reads === 9) paused.pause();
        return decoded(id);
      },
      onProgress: (progress) => {
        events.push(progress);
        if (progress.state !== "paused") return;
        const before = reads;
        setTimeout(() => {
          expect(reads).toBe(before);
          expect(paused.progress.framesPerSecond).toBe(progress.framesPerSecond);
          paused.resume();
        }, 5);
      },
    });
    const outcome = await paused.run();
    expect(outcome.state).toBe("complete");
    expect(events.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])).toEqual([
      "reading",
      "paused",
      "reading",
      "complete",
    ]);
    expect(shelf.shards).toEqual((await whole()).shards);
  });

  test("can end in a cancel", async () => {
    const shelf = new Shelf();
    const paused: ImportJob = job(shelf, {
      onProgress: ({ state, done }) => {
        if (done >= 5 && state === "reading") paused.pause();
        if (state === "paused") setTimeout(() => paused.cancel(), 1);
      },
    });
    expect((await paused.run()).state).toBe("cancelled");
    expect(shelf.isComplete).toBe(false);
    expect(shelf.open).toBe(0);
  });
});

describe("a full store", () => {
  test("waits, tries again and loses nothing, at any commit", async () => {
    const { shards } = await whole();
    for (let at = 0; at < shards.length; at++) {
      const shelf = new Shelf();
      let failed = false;
      const states: string[] = [];
      const full = job(shelf, {
        onProgress: ({ state, message }) => {
          if (states[states.length - 1] !== state) states.push(state);
          if (shelf.shards.length === at && !failed) {
            shelf.failures = 2;
            failed = true;
          }
          if (state !== "full") return;
          expect(message).toBe("no room");
          setTimeout(() => full.resume(), 1);
        },
      });
      expect((await full.run()).state).toBe("complete");
      expect(states.filter((state) => state === "full")).toHaveLength(2);
      expect(shelf.shards).toEqual(shards);
    }
  });

  test("ends the import where nobody can make room, and it goes on later", async () => {
    const shelf = new Shelf();
    shelf.failures = 1;
    const outcome = await job(shelf, { endWhenFull: true }).run();
    expect(outcome).toMatchObject({ state: "full", progress: { state: "full", message: "no room", committed: 0 } });
    expect(shelf.open).toBe(0);
    await job(shelf).run();
    expect(shelf.shards).toEqual((await whole()).shards);
  });

  test("can be given up", async () => {
    const shelf = new Shelf();
    shelf.failures = 1;
    const full = job(shelf, {
      onProgress: ({ state }) => void (state === "full" && setTimeout(() => full.cancel(), 1)),
    });
    expect((await full.run()).state).toBe("cancelled");
    expect(shelf.open).toBe(0);
  });

  test("any other error of the store ends the import", async () => {
    const shelf = new Shelf();
    const writer = shelf.writer();
    const broken: ShardWriter = {
      ...writer,
      add: () => Promise.reject(new StoreError("failed", "the disk is broken")),
    };
    await expect(job(shelf, { writer: broken }).run()).rejects.toThrow("the disk is broken");
  });
});

describe("frames that cannot be used", () => {
  test("are counted with the first example and its sentence", async () => {
    const { dropped, progress, notes } = await job(new Shelf(), {
      decode: async (id) =>
        id === IDS[0]
          ? refused(id, "no box")
          : id === IDS[1]
            ? { kind: "record", record: record(id, false) }
            : decoded(id),
    }).run();
    expect([...dropped]).toEqual([
      ["no box", { count: 1, example: IDS[0], message: `${IDS[0]} is bad` }],
      ["image damaged", { count: 3, example: IDS[3], message: `${IDS[3]} is bad` }],
    ]);
    expect([...notes]).toEqual([[NO_DEPTH, { count: 1, example: IDS[1] }]]);
    expect(progress).toMatchObject({ kept: 16, dropped: 4, done: 20, bytes: 160, totalBytes: 200 });
  });

  test("none usable is an error that quotes the first", async () => {
    const shelf = new Shelf();
    await expect(job(shelf, { decode: async (id) => refused(id) }).run()).rejects.toThrow(
      `set: none of 20 frames can be used; first: ${IDS[0]} is bad`,
    );
    expect(shelf.isComplete).toBe(false);
    expect(shelf.open).toBe(0);
  });

  test("files that are gone are no reason to drop anything", async () => {
    for (const parallel of [1, 3]) {
      const shelf = new Shelf();
      let isGone = false;
      const decode = async (id: string): Promise<Decoded> => {
        if (id === IDS[9]) isGone = true;
        return isGone ? refused(id, "unreadable") : decoded(id);
      };
      await expect(job(shelf, { parallel, decode }).run()).rejects.toThrow(/8 frames in a row cannot be read.*drive/);
      expect(shelf.shards.join(" ")).not.toContain("unreadable");
      isGone = false;
      await job(shelf, { parallel }).run();
      expect(shelf.shards).toEqual((await whole()).shards);
    }
  });

  test("files that are gone at the end or from the start of a later session are found too", async () => {
    const shelf = new Shelf();
    let isGone = false;
    const decode = async (id: string): Promise<Decoded> => {
      isGone ||= id === IDS[17];
      return isGone ? refused(id, "unreadable") : decoded(id);
    };
    await expect(job(shelf, { decode }).run()).rejects.toThrow("3 frames in a row");
    await expect(job(shelf, { decode }).run()).rejects.toBeInstanceOf(DataError);
    expect(shelf.shards.join(" ")).not.toContain("unreadable");
  });

  test("a long row of bad frames beside good ones is dropped", async () => {
    const shelf = new Shelf();
    const { progress } = await job(shelf, {
      decode: async (id) => (IDS.indexOf(id) > 2 ? refused(id) : decoded(id)),
    }).run();
    expect(progress).toMatchObject({ kept: 3, dropped: 17 });
    expect(shelf.isComplete).toBe(true);
  });
});

test("progress counts frames, bytes, rate and time left of this session", async () => {
  const events: ImportProgress[] = [];
  const shelf = new Shelf();
  let now = 0;
  const decode = async (id: string): Promise<Decoded> => {
    now += 500;
    return decoded(id);
  };
  await job(shelf, { events, decode, now: () => now }).run();
  const tenth = events.find(({ done }) => done === 10)!;
  expect(tenth).toEqual({
    ...{ state: "reading", done: 10, total: 20, before: 0, committed: 8, kept: 8, dropped: 2, bytes: 80 },
    ...{ totalBytes: 200, framesPerSecond: 2, secondsLeft: 5, sequence: "SYA0", message: undefined },
  });
  expect(structuredClone(tenth)).toEqual(tenth);
  expect(events[events.length - 1]).toMatchObject({ state: "complete", done: 20, committed: 20, secondsLeft: 0 });
});

test("a record owns the buffers that are sent", () => {
  const big = new Float64Array(1000);
  const part = { ...record("a"), joints3d: big.subarray(10, 73), mano: undefined };
  const before = structuredClone(part);
  const sent = transferable({ kind: "record", record: part });
  const moved = structuredClone(sent.decoded, { transfer: sent.buffers });
  expect(big.length).toBe(1000);
  expect(moved).toEqual({ kind: "record", record: before });
  const twice = { ...record("a"), mano: { pose: big, shape: big, trans: big } };
  const again = transferable({ kind: "record", record: twice });
  expect(new Set(again.buffers).size).toBe(again.buffers.length);
  expect(structuredClone(again.decoded, { transfer: again.buffers })).toMatchObject({
    record: { mano: { pose: { length: 1000 }, shape: { length: 1000 }, trans: { length: 1000 } } },
  });
});
