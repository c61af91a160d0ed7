import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RankThreads, rankThreads, THREAD_WATCHDOG } from "../../src/cli/rank-threads";
import { keptLook, keptLooks, wholeRequest } from "../../src/train/inspect/kept";
import type { LookView } from "../../src/train/inspect/types";
import { type BuiltPrograms, buildPrograms } from "../helpers/built-programs";
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

const STEPS = 20;
/** Every rank compiles a hundred kernels, which a processor without a GPU takes seconds for. */
const PATIENCE_MS = 600_000;
const config = rankConfig({ steps: STEPS, checkpointEvery: 10, evaluateEvery: 10, snapshotEvery: 3 });

let programs: BuiltPrograms;
let program = "";
beforeAll(async () => {
  programs = await buildPrograms("src/cli/rank-worker.ts");
  program = programs.path("rank-worker");
});
afterAll(() => programs.remove());

async function run(ranks: number, options: Partial<RankRunOptions> = {}): Promise<RankRun> {
  const threads: RankThreads = rankThreads({ data: { kind: "synthetic", frames: FRAMES }, hand: "openhand" }, program);
  const done = await trainRanks({ host: threads, ranks, config, watchdog: THREAD_WATCHDOG, ...options });
  expect(await threads.ended(60_000)).toBe(0);
  return done;
}

describe("ranks in threads of Node", () => {
  let one: RankRun;
  beforeAll(async () => {
    one = await run(1);
  }, PATIENCE_MS);

  it(
    "make the same bytes and figures on 1 rank and on 2 that survive an error and a lost device",
    async () => {
      expect(one.error).toBeUndefined();
      const hashes = await checkpointOf(one, STEPS);
      expect(Object.values(hashes)).not.toContain("missing");
      const two = await run(2, {
        faults: [
          { worker: 1, step: 5, at: "in", kind: "throw" },
          { worker: 0, step: 12, at: "after", kind: "lost" },
        ],
      });
      expect(two.error).toBeUndefined();
      expect(await checkpointOf(two, STEPS)).toEqual(hashes);
      expect(metricsOf(two)).toEqual(metricsOf(one));
      expect(faultsOf(two).map(({ rank, reason }) => [rank, reason])).toEqual([
        [1, "threw"],
        [0, expect.stringMatching(/threw|device/)],
      ]);
    },
    PATIENCE_MS,
  );

  it(
    "make the same bytes on 4 ranks that are looked at and, from there, on 3",
    async () => {
      const looks: Promise<LookView>[] = [];
      const stopped = await run(4, {
        during: (supervisor, event) => {
          if (event.type !== "step") return;
          if (event.record.step === 4) looks.push(supervisor.look({ split: "val", index: 0, gradients: true }));
          // A look that is asked for at the end would find the group gone.
          if (event.record.step === 10) void Promise.all(looks).finally(() => supervisor.stop());
        },
      });
      const [look] = await Promise.all(looks);
      expect(look.step).toBeGreaterThanOrEqual(4);
      expect(look.gradients!.norm).toBeGreaterThan(0);
      expect(stopped.end?.kind).toBe("stopped");
      expect(stopped.end?.step).toBeLessThan(STEPS);
      expect(stepsOf(stopped)[0].ranks).toBe(4);
      const resumed = await run(3, { storage: stopped.storage, resume: true, keepWorst: 1 });
      expect(resumed.error).toBeUndefined();
      expect(await checkpointOf(resumed, STEPS)).toEqual(await checkpointOf(one, STEPS));
      expect(metricsOf(resumed)).toEqual(metricsOf(one));
      const { storage } = resumed;
      const [place] = await keptLooks(storage);
      const { view } = await keptLook(storage, place);
      expect(view.step).toBe(STEPS);
      // Finished and held for looking, nothing of it changes.
      const files = new Map(storage.files);
      let seen: LookView | undefined;
      const held = await run(2, {
        ...{ storage, resume: true, hold: true, keepWorst: 1 },
        during: (supervisor, event) => {
          if (event.type !== "paused") return;
          void supervisor.look(wholeRequest(config, place)).then((answer) => {
            seen = answer;
            return supervisor.resume();
          });
        },
      });
      expect(held.end).toEqual({ kind: "done", step: STEPS });
      expect(seen).toEqual(view);
      expect(stepsOf(held)).toEqual([]);
      expect(storage.files).toEqual(files);
    },
    PATIENCE_MS,
  );
});
