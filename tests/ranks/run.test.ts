import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RankThreads, rankThreads } from "../../src/cli/rank-threads";
import {
  checkpointOf,
  FRAMES,
  faultsOf,
  metricsOf,
  type RankRun,
  type RankRunOptions,
  rankConfig,
  stepsOf,
  trainRanks,
} from "../helpers/rank-run";

const STEPS = 30;
const config = rankConfig({ steps: STEPS, checkpointEvery: 15, evaluateEvery: 15, snapshotEvery: 5 });
const short = rankConfig({ steps: 12, checkpointEvery: 6, evaluateEvery: 6, snapshotEvery: 3 });

let folder = "";
let program = "";
beforeAll(async () => {
  // Inside the project, which the threads look for their assets and packages in.
  folder = await mkdtemp(join(fileURLToPath(new URL("../../", import.meta.url)), "dist-ranks-"));
  await build({
    configFile: false,
    logLevel: "silent",
    build: {
      ssr: fileURLToPath(new URL("../../src/cli/rank-worker.ts", import.meta.url)),
      outDir: folder,
      emptyOutDir: true,
    },
  });
  const [name] = (await readdir(folder)).filter((file) => /^rank-worker\.m?js$/.test(file));
  program = join(folder, name);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(ranks: number, options: Partial<RankRunOptions> = {}): Promise<RankRun> {
  const threads: RankThreads = rankThreads({ data: { kind: "synthetic", frames: FRAMES }, hand: "openhand" }, program);
  const done = await trainRanks({ host: threads, ranks, config, ...options });
  expect(await threads.ended(20_000)).toBe(0);
  return done;
}

describe("ranks in threads of Node", () => {
  it("make the same bytes and figures on 1, 2, 3 and 4 ranks", async () => {
    const one = await run(1);
    expect(one.error).toBeUndefined();
    const hashes = await checkpointOf(one, STEPS);
    expect(Object.values(hashes)).not.toContain("missing");
    for (const ranks of [2, 3, 4]) {
      const several = await run(ranks);
      expect(await checkpointOf(several, STEPS)).toEqual(hashes);
      expect(metricsOf(several)).toEqual(metricsOf(one));
      expect(stepsOf(several)[0].ranks).toBe(ranks);
    }
  });

  it("go on from a checkpoint on another number of ranks, and survive an error and a lost device", async () => {
    const whole = await run(1, { config: short });
    const stopped = await run(4, {
      config: short,
      during: (supervisor, event) => {
        if (event.type === "step" && event.record.step === 5) void supervisor.stop();
      },
    });
    expect(stopped.end?.kind).toBe("stopped");
    const { step } = stopped.end!;
    expect(step).toBeGreaterThanOrEqual(5);
    expect(step).toBeLessThan(12);
    const resumed = await run(2, {
      config: short,
      storage: stopped.storage,
      resume: true,
      faults: [
        { worker: 1, step: step + 1, at: "in", kind: "throw" },
        { worker: 0, step: step + 3, at: "after", kind: "lost" },
      ],
    });
    expect(resumed.error).toBeUndefined();
    expect(await checkpointOf(resumed, 12)).toEqual(await checkpointOf(whole, 12));
    expect(metricsOf(resumed)).toEqual(metricsOf(whole));
    expect(faultsOf(resumed).map(({ rank, reason }) => [rank, reason])).toEqual([
      [1, "threw"],
      [0, expect.stringMatching(/threw|device/)],
    ]);
  });
});
