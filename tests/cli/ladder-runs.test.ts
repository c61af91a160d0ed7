/** Short runs on the rungs of a ladder, in this process, on the smallest network. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { type Command, parseOptions } from "../../src/cli/command";
import { command as check } from "../../src/cli/commands/check";
import { command as train } from "../../src/cli/commands/train";
import { temporaryFolder } from "../../src/cli/host";
import { LadderRuns } from "../../src/cli/ladder-runs";
import { type Config, parseConfig } from "../../src/config";
import { testGpu } from "../helpers/gpu";

const temporary = temporaryFolder("ladder-runs-test");
afterAll(() => temporary.remove());

const SMALL = `preset: tiny
model: { height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] }
data: { valFraction: 0.3, threads: 0 }
optim: { batch: 2, microBatches: 1, warmupSteps: 0 }
`;
const { config } = parseConfig(SMALL);
const withQuirks = (...quirks: Config["quirks"]): Config => ({ ...config, quirks });

it("trains a rung once, and scores it as it reports itself and as it is", async () => {
  const trained: string[] = [];
  const counting: Command = {
    ...train,
    run(values) {
      trained.push(String(values.config));
      return train.run(values);
    },
  };
  const folder = join(temporary.path, "runs");
  const options = { data: "synthetic:8", test: { kind: "synthetic", frames: 5 }, hand: "openhand", steps: 1 } as const;
  const runs = new LadderRuns({ ...options, runtime: "node", folder, gpu: testGpu, train: counting });
  const first = await runs.figures(withQuirks("mano-thumb-first", "nan-as-zero"), ["joint-order"]);
  expect(first.steps).toBe(1);
  expect(first.actual.samples).toBe(5);
  expect(first.actual.nonFinite).toBe(0);
  expect(first.meanPose.mpjpe_mm).toBeGreaterThan(5);
  expect(first.actual.mpjpe_mm).toBeGreaterThan(first.meanPose.mpjpe_mm!);
  expect(first.reported.pa_mpjpe_mm).toBeGreaterThan(0);
  // A quirk of the score alone leaves the run as it is, and so does calling again.
  expect(await runs.figures(withQuirks("mano-thumb-first"), ["joint-order"])).toEqual(first);
  expect(trained.length).toBe(1);
  expect(readdirSync(folder).length).toBe(1);
}, 300_000);

it("refuses runs without a ladder, and a test set that is trained on", async () => {
  const run = (...args: string[]) => check.run(parseOptions("check", check.options, args));
  await expect(run("--steps", "5")).rejects.toThrow("--steps is for --fix");
  await expect(run("--fix", "--steps", "5")).rejects.toThrow("--steps needs --test");
  await expect(run("--fix", "--steps", "5", "--data", "a", "--test", "a")).rejects.toThrow("the same frames");
});
