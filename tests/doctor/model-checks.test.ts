import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import { MODEL_CHECKS } from "../../src/doctor/checks/model-checks";
import { type Diagnosis, diagnose } from "../../src/doctor/finding";
import type { ModelEvidence } from "../../src/train/model-evidence";
import { probeModel } from "../../src/train/probes/model";
import { batchesOf, build, evidenceOf, smallConfig } from "./model-fixture";

const SEEDS = [1, 2];
const LIMIT_MS = 600_000;

const diagnosed = (evidence: ModelEvidence): Diagnosis[] =>
  // As the doctor gets it from a worker or a file.
  diagnose(MODEL_CHECKS.flatMap((check) => check(JSON.parse(JSON.stringify(evidence)) as ModelEvidence) ?? []));

const aa = { model: { jointRep: "aa" } } as const;

const FAULTS: readonly (readonly [QuirkName, string])[] = [
  ["mano-thumb-first", "joint-order"],
  ["tips-smplx", "tips-of-another-model"],
  ["mano-missing", "mano-missing"],
  ["ring-adjacency", "graph-is-a-ring"],
  ["map-transposed", "feature-map-scrambled"],
  ["sample-in-millimetres", "sampled-outside-map"],
  ["focal-centre-mixed", "projection-mixed-units"],
  ["axis-angle-round-trip", "rotations-round-trip"],
  ["refine-unzeroed", "refinement-starts-perturbed"],
  ["loss-sum-mm", "loss-is-a-sum"],
  ["double-millimetres", "unit-doubled"],
  ["double-centring", "double-centring"],
  ["aux-axis-angle", "aux-compares-axis-angle"],
];

describe("a fault of the network or its losses is the first finding", () => {
  it.each(FAULTS)(
    "%s: %s",
    async (quirk, id) => {
      const config = smallConfig(quirk === "aux-axis-angle" ? aa : {});
      for (const evidence of await evidenceOf({ ...config, quirks: [quirk] }, SEEDS)) {
        const found = diagnosed(evidence);
        expect(found.map((each) => each.id)).toEqual([id]);
        expect(found[0].certainty).toBe("certain");
        expect(found[0].change?.withoutQuirks).toEqual([quirk]);
        expect(found[0].sentence).not.toMatch(/NaN|undefined|Infinity/);
      }
    },
    LIMIT_MS,
  );

  it(
    "and those of a network with all of them are all there",
    async () => {
      const together: QuirkName[] = ["mano-thumb-first", "ring-adjacency", "map-transposed", "sample-in-millimetres"];
      together.push("focal-centre-mixed", "axis-angle-round-trip", "refine-unzeroed", "loss-sum-mm");
      together.push("double-centring", "double-millimetres", "aux-axis-angle");
      const [evidence] = await evidenceOf({ ...smallConfig(aa), quirks: together }, [1]);
      const found = diagnosed(evidence).map(({ id }) => id);
      for (const [quirk, id] of FAULTS) if (together.includes(quirk)) expect(found, quirk).toContain(id);
      expect(found).not.toContain("loss-unexplained");
    },
    LIMIT_MS,
  );
});

const DATA_FAULTS: readonly QuirkName[] = ["opengl-unconverted", "labels-not-augmented", "pose-opengl", "gt-recentred"];

describe("a healthy network", () => {
  it(
    "is not blamed for faults of its data",
    async () => {
      const built = await build(smallConfig(), 1);
      for (const quirk of DATA_FAULTS) {
        const batches = await batchesOf({ ...smallConfig(), quirks: [quirk] }, 1);
        expect(diagnosed(await probeModel(built, { batches, step: 0 })), quirk).toEqual([]);
      }
      built.destroy();
    },
    LIMIT_MS,
  );

  it.each<[string, Config, number]>([
    ["fresh", smallConfig(), 0],
    ["with pose as axis-angle", smallConfig(aa), 0],
    ["with a pretended focal length and a batch of 8", smallConfig({ model: { camera: "pretend" }, batch: 8 }), 0],
    ["in batches of 2 with drop-path, after 5 steps", smallConfig({ batch: 2, model: { dropPath: 0.3, depth: 2 } }), 5],
  ])(
    "%s has no finding, expensive probes included",
    async (_, config, trained) => {
      const [first, second] = await evidenceOf(config, SEEDS, { expensive: true, trained });
      expect(diagnosed(first)).toEqual([]);
      expect(diagnosed(second)).toEqual([]);
      expect(first.shares).toHaveLength(5);
      expect(first.slopes?.length).toBeGreaterThan(5);
    },
    LIMIT_MS,
  );

  it(
    "has none on colour alone, and keeps weights and running statistics",
    async () => {
      const built = await build(smallConfig(), 3);
      const batches = (await batchesOf(smallConfig(), 3)).map((batch) => ({
        ...batch,
        depth: new Float32Array(batch.depth.length).fill(1),
        hasDepth: new Float32Array(batch.size),
      }));
      const before = await built.store.read();
      const evidence = await probeModel(built, { batches, step: 0, expensive: true });
      const after = await built.store.read();
      for (const [name, values] of before) expect(after.get(name), name).toEqual(values);
      built.destroy();
      expect(diagnosed(evidence)).toEqual([]);
    },
    LIMIT_MS,
  );
});
