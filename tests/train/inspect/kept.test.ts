import { describe, expect, it } from "vitest";
import { dropLook, keepLook, keepWorst, keptLook, keptLooks, worstPlaces } from "../../../src/train/inspect/kept";
import type { LookRequest, LookView } from "../../../src/train/inspect/types";
import { MemoryStorage } from "../../helpers/memory-storage";
import { openHand } from "../../helpers/open-hand";
import { lookView } from "../../pages/inspect/look-view";
import { posedHand } from "../../pages/viewer/posed-hand";

const model = openHand();
const hands = { truth: posedHand(model, 0.1), coarse: posedHand(model, 0.5), refined: posedHand(model, 0.2) };
const viewOf = (index: number, step = 40): LookView => lookView({ split: "val", index }, hands, step);
const about = { run: "tiny-1", whatIf: {}, keptBy: "person" } as const;

describe("kept samples", () => {
  it("are listed, read and forgotten by their places", async () => {
    const storage = new MemoryStorage();
    for (const index of [10, 2]) await keepLook(storage, viewOf(index), about);
    await storage.write("looks/notes.txt", new Uint8Array(1));
    expect(await keptLooks(storage)).toEqual([
      { split: "val", index: 2 },
      { split: "val", index: 10 },
    ]);
    expect((await keptLook(storage, { split: "val", index: 2 })).view.id).toBe("synthetic/0002");
    await dropLook(storage, { split: "val", index: 2 });
    expect(await keptLooks(storage)).toEqual([{ split: "val", index: 10 }]);
    await expect(keptLook(storage, { split: "val", index: 2 })).rejects.toThrow("looks/val-2.json.gz");
    storage.files.set("looks/train-3.json.gz", storage.files.get("looks/val-10.json.gz")!);
    await expect(keptLook(storage, { split: "train", index: 3 })).rejects.toThrow(
      "memory: looks/train-3.json.gz holds the sample val-10, expected the one that it is named after",
    );
  });
});

describe("the worst samples", () => {
  const columns = ["total_loss", "mpjpe_mm"];
  const values = Float32Array.from([9, 20, 1, 50, 1, Number.NaN, 1, 50]);
  const table = { step: 40, epoch: 4, columns, values };

  it("have the largest errors, first places first, and an error at all", () => {
    expect(worstPlaces(table, 9)).toEqual([1, 3, 0]);
    expect(worstPlaces(table, 1)).toEqual([1]);
  });

  const kept = async (storage: MemoryStorage, look: (request: LookRequest) => Promise<LookView>, count = 2) => {
    const lines: string[] = [];
    await keepWorst({
      ...{ count, run: "tiny-1", config: { model: { depth: 4, heads: 3, scales: 2 } as never }, storage, look },
      scores: async () => ({ table }),
      tell: (event) => event.type === "log" && lines.push(event.line),
    });
    return lines;
  };

  it("are kept without those that a person has kept", async () => {
    const storage = new MemoryStorage();
    await keepLook(storage, viewOf(1, 30), about);
    const asked: LookRequest[] = [];
    const look = async (request: LookRequest) => {
      asked.push(request);
      return viewOf(request.index);
    };
    expect(await kept(storage, look)).toEqual([
      "kept the worst validation samples of step 40: val 1, val 3",
      "warning: 1 of 4 validation samples have no finite error to be among them",
    ]);
    expect(asked).toEqual([
      {
        ...{ split: "val", index: 3, frame: true, gradients: true },
        attention: [0, 1, 2].map((head) => ({ block: 3, head })),
        maps: [0, 1].map((scale) => ({ scale, channel: "norm" })),
      },
    ]);
    expect((await keptLook(storage, { split: "val", index: 1 })).view.step).toBe(30);
    await kept(storage, look);
    expect(asked).toHaveLength(2);
    expect(await kept(storage, look, 0)).toEqual([]);
  });

  it("take the place of a damaged file, which is told", async () => {
    const storage = new MemoryStorage();
    await storage.write("looks/val-1.json.gz", new Uint8Array(3));
    const lines = await kept(storage, async ({ index }) => viewOf(index), 1);
    expect(lines[0]).toMatch(
      /^warning: a damaged kept sample is replaced: memory, looks\/val-1\.json\.gz, is no whole/,
    );
    expect((await keptLook(storage, { split: "val", index: 1 })).view.step).toBe(40);
  });

  it("that cannot be kept are a sentence and no error", async () => {
    const look = () => Promise.reject(new Error("the network is gone"));
    expect(await kept(new MemoryStorage(), look)).toEqual([
      "warning: the worst validation samples could not be kept: the network is gone",
    ]);
  });
});
