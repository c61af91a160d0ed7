import { describe, expect, it } from "vitest";
import { tiny } from "../../src/config";
import { configToResume } from "../../src/train/resume-config";
import { utf8 } from "../../src/train/storage";
import { MemoryStorage } from "../helpers/memory-storage";

/** A run's storage with state.json of each step. */
async function stored(states: Readonly<Record<number, string>>): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  for (const [step, text] of Object.entries(states)) {
    await storage.write(`checkpoints/step-${step.padStart(6, "0")}/state.json`, utf8(text));
  }
  return storage;
}

const of = (microBatches: number | undefined) => ({ ...tiny(), optim: { ...tiny().optim, microBatches } });

describe("the config that a run goes on with", () => {
  it("takes one micro-batch for a run of format 1 that names none, and says so", async () => {
    const { config, notes } = await configToResume(await stored({ 5: '{"format": 1}' }), of(undefined));
    expect(config).toEqual(of(1));
    expect(notes).toEqual([expect.stringContaining("goes on with optim.microBatches 1")]);
  });

  it("is left alone where the file names a number, and where the newest checkpoint is of format 2, torn or missing", async () => {
    for (const [microBatches, states] of [
      [2, { 5: '{"format": 1}' }],
      [undefined, { 5: '{"format": 1}', 10: '{"format": 2}' }],
      [undefined, { 5: '{"form' }],
      [undefined, {}],
    ] as const) {
      const config = of(microBatches);
      expect(await configToResume(await stored(states), config)).toEqual({ config, notes: [] });
    }
  });
});
