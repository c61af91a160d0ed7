import { beforeAll, describe, expect, it } from "vitest";
import type { RankFault } from "../../src/ranks/fault-hook";
import { pageRanks } from "../../src/ranks/page-ranks";
import {
  checkpointOf,
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
const run = (ranks: number, options: Partial<RankRunOptions> = {}): Promise<RankRun> =>
  trainRanks({ host: pageRanks("test"), ranks, config, ...options });

describe("ranks in workers of a page", () => {
  let one: RankRun;
  beforeAll(async () => {
    expect(crossOriginIsolated).toBe(true);
    one = await run(1);
  }, PATIENCE_MS);

  it(
    "make the same bytes and figures on 1 rank and on 2",
    async () => {
      expect(one.error).toBeUndefined();
      const hashes = await checkpointOf(one, STEPS);
      expect(Object.values(hashes)).not.toContain("missing");
      const two = await run(2);
      expect(await checkpointOf(two, STEPS)).toEqual(hashes);
      expect(metricsOf(two)).toEqual(metricsOf(one));
      expect(stepsOf(two)[0].ranks).toBe(2);
    },
    PATIENCE_MS,
  );

  it(
    "go on, 4 of them, when one throws, hangs, is terminated, closes, loses its device or is slow, and make the same bytes",
    async () => {
      const faults: readonly RankFault[] = [
        { worker: 1, step: 2, at: "before", kind: "throw" },
        { worker: 0, step: 5, at: "in", kind: "hang" },
        { worker: 2, step: 8, at: "after", kind: "terminate" },
        { worker: 3, step: 11, at: "before", kind: "close" },
        { worker: 1, step: 13, at: "in", kind: "lost" },
        { worker: 0, step: 15, at: "before", kind: "slow" },
      ];
      const faulty = await run(4, { faults });
      expect(faulty.error).toBeUndefined();
      expect(stepsOf(faulty)[0].ranks).toBe(4);
      expect(await checkpointOf(faulty, STEPS)).toEqual(await checkpointOf(one, STEPS));
      expect(metricsOf(faulty)).toEqual(metricsOf(one));
      expect(faultsOf(faulty).map(({ rank }) => rank)).toEqual([1, 0, 2, 3, 1]);
    },
    PATIENCE_MS,
  );
});
