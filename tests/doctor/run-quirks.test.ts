import { describe, expect, it } from "vitest";
import type { QuirkName } from "../../src/config/quirks";
import { watch, watchedConfig } from "./watched-run";

const SEEDS = [1, 2];

/** What each fault of a run is called. */
const QUIRKS: readonly (readonly [QuirkName, string])[] = [
  ["clip-hard", "gradients-rescaled"],
  ["no-warmup", "no-warmup"],
  ["one-learning-rate", "one-learning-rate"],
  ["frozen-backbone-lr0", "frozen-backbone"],
  ["refiner-not-optimised", "refiner-not-optimised"],
  ["val-rank0-only", "evaluated-on-one-rank"],
  ["val-padded", "samples-counted-twice"],
  ["nan-as-zero", "nan-scored-as-zero"],
];

const aboveNote = ({ diagnoses }: Awaited<ReturnType<typeof watch>>): string[] =>
  diagnoses.filter(({ severity }) => severity !== "note").map(({ id }) => id);

const TIMEOUT = 300_000;

describe("a doctor beside a run", () => {
  it.each(SEEDS)(
    "is calm where all is well, seed %i",
    async (seed) => {
      const run = await watch(watchedConfig({ seed }));
      expect(aboveNote(run)).toEqual([]);
      expect(run.events.flatMap((event) => (event.type === "evidence" ? [event.evidence.kind] : []))).toEqual([
        ...["scoring", "data", "model", "step", "step", "evaluation", "step", "evaluation"],
      ]);
      expect(JSON.parse(run.storage.text("findings.json"))).toEqual({ findings: run.diagnoses });
    },
    TIMEOUT,
  );

  it.each(QUIRKS.map(([quirk, id], i) => ({ seed: SEEDS[i % 2], quirk, id })))(
    "names $quirk",
    async ({ seed, quirk, id }) => {
      const run = await watch(watchedConfig({ seed, quirks: [quirk] }));
      expect(aboveNote(run)).toEqual([id]);
      expect(run.diagnoses[0].change?.withoutQuirks).toEqual([quirk]);
      expect(run.cause).toBeUndefined();
      expect(run.events.at(-1)).toMatchObject({ type: "finished", reason: "done" });
    },
    TIMEOUT,
  );

  it(
    "names scheduler-not-restored when the run is resumed",
    async () => {
      const seed = SEEDS[1];
      const config = watchedConfig({ seed, quirks: ["scheduler-not-restored"] });
      const first = await watch(config, { until: 2 });
      expect(aboveNote(first)).toEqual([]);
      // Data and network are looked at again, too: what was wrong with them has not become right.
      const alsoTips = watchedConfig({ seed, quirks: ["scheduler-not-restored", "tips-smplx"] });
      const resumed = await watch(alsoTips, { storage: first.storage, resume: true });
      expect(aboveNote(resumed).sort()).toEqual(["lr-restarted", "tips-of-another-model"]);
      const healthy = watchedConfig({ seed });
      const begun = await watch(healthy, { until: 2 });
      expect(aboveNote(await watch(healthy, { storage: begun.storage, resume: true }))).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    "ends a run without a hand before its first step, and lets it go on when that is ignored",
    async () => {
      const config = watchedConfig({ seed: 1, quirks: ["mano-missing"] });
      const stopped = await watch(config);
      expect(stopped.cause).toMatchObject({ id: "mano-missing", severity: "fatal", certainty: "certain" });
      expect(stopped.events.filter(({ type }) => type === "step")).toEqual([]);
      expect(stopped.events.at(-1)).toMatchObject({ type: "finished", step: 0, reason: "stopped" });
      expect(stopped.storage.text("log.txt")).toContain("train on with --ignore mano-missing");

      const ignored = await watch(config, { ignore: ["mano-missing"] });
      expect(ignored.cause).toBeUndefined();
      expect(ignored.events.filter(({ type }) => type === "step")).toHaveLength(4);
      expect(ignored.diagnoses.map(({ id }) => id)).not.toContain("mano-missing");
    },
    TIMEOUT,
  );
});
