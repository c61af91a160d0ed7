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

const STEPS = 30;
const FAULTY_STEPS = 12;
const config = rankConfig({ steps: STEPS, checkpointEvery: 15, evaluateEvery: 15, snapshotEvery: 5 });
const short = rankConfig({ steps: FAULTY_STEPS, checkpointEvery: 6, evaluateEvery: 6, snapshotEvery: 3 });
const run = (ranks: number, options: Partial<RankRunOptions> = {}): Promise<RankRun> =>
  trainRanks({ host: pageRanks("test"), ranks, config, ...options });

describe("ranks in workers of a page", () => {
  beforeAll(() => expect(crossOriginIsolated).toBe(true));

  it("make the same bytes and figures on 1, 2 and 4 ranks", async () => {
    const one = await run(1);
    expect(one.error).toBeUndefined();
    const hashes = await checkpointOf(one, STEPS);
    expect(Object.values(hashes)).not.toContain("missing");
    for (const ranks of [2, 4]) {
      const several = await run(ranks);
      expect(await checkpointOf(several, STEPS)).toEqual(hashes);
      expect(metricsOf(several)).toEqual(metricsOf(one));
      expect(faultsOf(several)).toEqual([]);
    }
  });

  let whole: RankRun;
  beforeAll(async () => {
    whole = await run(1, { config: short });
  });

  // One of each kind, and each point.
  const faults: readonly RankFault[] = [
    { worker: 1, step: 5, at: "before", kind: "throw" },
    { worker: 0, step: 4, at: "in", kind: "hang" },
    { worker: 2, step: 8, at: "after", kind: "terminate" },
    { worker: 0, step: 7, at: "before", kind: "close" },
    { worker: 1, step: 4, at: "in", kind: "lost" },
  ];
  for (const fault of faults) {
    it(`go on when one is to ${fault.kind} ${fault.at} the reduce, with the same bytes`, async () => {
      const faulty = await run(3, { config: short, faults: [fault] });
      expect(faulty.error).toBeUndefined();
      expect(await checkpointOf(faulty, FAULTY_STEPS)).toEqual(await checkpointOf(whole, FAULTY_STEPS));
      expect(metricsOf(faulty)).toEqual(metricsOf(whole));
      expect(faultsOf(faulty)[0]).toMatchObject({ rank: fault.worker, ranks_before: 3 });
      console.log(JSON.stringify(faultsOf(faulty)));
      expect(stepsOf(faulty)).toHaveLength(FAULTY_STEPS);
    });
  }

  it("make ten slow steps with one that is ten times slower, and no fault", async () => {
    const slow = await run(2, { config: short, faults: [{ worker: 1, step: 3, at: "before", kind: "slow" }] });
    expect(faultsOf(slow)).toEqual([]);
    expect(await checkpointOf(slow, FAULTY_STEPS)).toEqual(await checkpointOf(whole, FAULTY_STEPS));
  });
});
