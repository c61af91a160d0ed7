import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applySettings,
  type Config,
  ConfigError,
  FIELDS,
  microBatchesOf,
  ORIGINAL_QUIRKS,
  PRESET_NAMES,
  PRESETS,
  parseConfig,
  pyYamlFloat,
  QUIRK_NAMES,
  tiny,
  validate,
  writeConfig,
} from "../../src/config";

const ORIGINAL = readFileSync("tests/data/fixtures/original-config.yaml", "utf8");

const problemsOf = (text: string): readonly string[] => {
  try {
    parseConfig(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe("presets", () => {
  it.each(PRESET_NAMES)(
    "%s is valid, survives writing and reading, and is the file in public/presets",
    async (name) => {
      const config = PRESETS[name]();
      expect(validate(config)).toEqual([]);
      expect(parseConfig(writeConfig(config))).toEqual({ config, warnings: [] });
      await expect(writeConfig(config)).toMatchFileSnapshot(`../../public/presets/${name}.yaml`);
    },
  );

  it("writes floats that PyYAML reads as floats", () => {
    expect([1e-7, 0.05, 1, 1.5e-7, 1e21, 0, -2e-10].map(pyYamlFloat)).toEqual([
      ...["1.0e-07", "0.05", "1.0", "1.5e-07", "1.0e+21", "0.0", "-2.0e-10"],
    ]);
    const float = /^[-+]?[0-9]+\.[0-9]*(?:e[-+][0-9]+)?$/;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(pyYamlFloat(x)).toMatch(float);
        expect(Number(pyYamlFloat(x))).toBe(x === 0 ? 0 : x);
      }),
    );
  });
});

describe("parseConfig", () => {
  it("a preset fills what is left out", () => {
    const { config, warnings } = parseConfig("preset: small\noptim:\n  lr: 3.0e-4\n  clip: null\nquirks: [bgr]\n");
    expect(config).toEqual({
      ...PRESETS.small(),
      optim: { ...PRESETS.small().optim, lr: 3e-4, clip: undefined },
      quirks: ["bgr"],
    });
    expect(warnings).toEqual([]);
    expect(parseConfig(writeConfig(config)).config).toEqual(config);
  });

  it("an unknown key is an error with its line and the nearest key", () => {
    expect(problemsOf("preset: tiny\noptim:\n  lr: 0.1\n  weight_decy: 0.1\nlos:\n  w2d: 1.0\n")).toEqual([
      'line 4: optim has no key "weight_decy"; did you mean "weightDecay"?',
      'line 5: the file has no key "los"; did you mean "loss"?',
    ]);
    expect(problemsOf("preset: tiny\ndata: {augment: {rotate: 1}}")).toEqual([
      'line 2: data.augment has no key "rotate"; did you mean "rotation"?',
    ]);
  });

  it.each([
    ["preset: tiny\noptim: {batch: 2.5}", "line 2: optim.batch is 2.5, expected a whole number from 1 to 65536"],
    ["preset: tiny\noptim: {lr: .nan}", "line 2: optim.lr is NaN, expected a number from 0 to 10"],
    ["preset: tiny\noptim: {lr: 1.0e+309}", "line 2: optim.lr is Infinity, expected a number from 0 to 10"],
    ["preset: tiny\noptim: {lr: -1}", "line 2: optim.lr is -1, expected a number from 0 to 10"],
    ["preset: tiny\nmodel: {dropPath: 1.5}", "line 2: model.dropPath is 1.5, expected a number from 0 to 0.99"],
    ["preset: tiny\noptim: {lr: fast}", 'line 2: optim.lr is "fast", expected a number from 0 to 10'],
    ["preset: tiny\noptim: {lr: null}", "line 2: optim.lr is null, expected a number from 0 to 10"],
    ["preset: tiny\noptim: {lr: [1]}", "line 2: optim.lr is [1], expected a number from 0 to 10"],
    [
      "preset: tiny\noptim: {batch: 010}",
      "line 2: optim.batch is 010, which YAML 1.1 reads as octal; write it without the 0",
    ],
    ["preset: tiny\ndata: {overfit: yes}", 'line 2: data.overfit is "yes", expected true or false'],
    ["preset: tiny\nmodel: {jointRep: 7d}", 'line 2: model.jointRep is "7d", expected 6d or aa'],
    [
      "preset: tiny\nmodel: {gcn: [64, 0]}",
      "line 2: model.gcn is [64,0], expected a list of whole numbers from 1 to 8192",
    ],
    ["preset: tiny\nmodel: 3", "line 2: model holds no keys; leave it out or give it some"],
    ["preset: large", 'line 1: preset is "large", expected tiny, small, base, huge'],
    ["preset: tiny\nquirks: [brg]", 'quirks: "brg" is not known; did you mean "bgr"?'],
    ["optim: {lr: 0.1}", 'the file has no "preset:", expected one of tiny, small, base, huge'],
    ["preset: tiny\npreset: small", "Map keys must be unique at line 2, column 1"],
    ["preset: !!js/function x", "Unresolved tag: tag:yaml.org,2002:js/function at line 1, column 9"],
    ["preset: &a tiny\nquirks: *a", "line 1: anchors and tags are not used here"],
    ["", "the file holds no map of sections such as model: and optim:"],
    [`preset: ${"[".repeat(100_000)}`, "the file has 100008 characters, at most 65536"],
    [`preset: ${"[".repeat(1000)}`, "brackets are nested deeper than 20"],
    ["preset: tiny\nmodel: {dim: 100, heads: 7}", "width 100 is not divisible by 7 heads"],
    ["preset: tiny\nmodel: {height: 120}", "height 120 is not divisible by patch 16"],
    ["preset: tiny\nrun: {steps: 10}", "warm-up of 20 steps does not end in a run of 10 steps"],
    [
      "preset: tiny\noptim: {batch: 12, microBatches: 3}",
      "optim.microBatches is 3 with optim.batch 12, expected a power of two that divides the batch",
    ],
    [
      "preset: tiny\noptim: {batch: 12, microBatches: 8}",
      "optim.microBatches is 8 with optim.batch 12, expected a power of two that divides the batch",
    ],
    [
      "preset: tiny\noptim: {microBatches: 0}",
      "line 2: optim.microBatches is 0, expected a whole number from 1 to 65536 or null",
    ],
    [
      "preset: tiny\nrun: {snapshotEvery: null}",
      "line 2: run.snapshotEvery is null, expected a whole number from 1 to 1000000000",
    ],
    [
      "preset: tiny\nrun: {keepEvery: 2.5}",
      "line 2: run.keepEvery is 2.5, expected a whole number from 1 to 1000000000000 or null",
    ],
    [
      "preset: tiny\nquirks: [aux-axis-angle]",
      "quirk aux-axis-angle compares axis-angle vectors and needs model.jointRep aa",
    ],
  ])("%s", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("accepts 1e-4, which PyYAML reads as text, and says so", () => {
    const { config, warnings } = parseConfig('preset: tiny\noptim:\n  lr: 1e-4\n  minLr: "1.0e-06"\n  eps: 1.e-8\n');
    expect([config.optim.lr, config.optim.minLr, config.optim.eps]).toEqual([1e-4, 1e-6, 1e-8]);
    expect(warnings).toEqual([
      "line 3: optim.lr is 1e-4, which PyYAML reads as text; it is taken as the number 0.0001",
      'line 4: optim.minLr is the text "1.0e-06"; it is taken as the number 0.000001',
    ]);
  });

  it("keeps the prototype out of reach", () => {
    expect(problemsOf("preset: tiny\n__proto__: {lr: 1}\nconstructor: 1")).toHaveLength(2);
    expect(problemsOf("preset: toString\nquirks: [constructor]")).toHaveLength(1);
  });

  it("any damage gives a ConfigError or a valid config", () => {
    const text = writeConfig(tiny());
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.string({ maxLength: 3 })), { minLength: 1 }),
        (edits) => {
          let broken = text;
          for (const [at, insert] of edits) broken = broken.slice(0, at) + insert + broken.slice(at + 1);
          try {
            expect(validate(parseConfig(broken).config)).toEqual([]);
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            expect(error.problems.length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe("micro-batches", () => {
  it.each([
    [1, 1],
    [2, 2],
    [6, 2],
    [8, 4],
    [9, 1],
    [32, 4],
  ])("a batch of %i is cut into %i when nothing is said", (batch, expected) => {
    const { config } = parseConfig(`preset: tiny\noptim: {batch: ${batch}}`);
    expect(config.optim.microBatches).toBeUndefined();
    expect(microBatchesOf(config)).toBe(expected);
    expect(microBatchesOf(parseConfig(writeConfig(config)).config)).toBe(expected);
  });

  it("are as many as the file says, null being silence", () => {
    const { config } = parseConfig("preset: tiny\noptim: {microBatches: 16}\nrun: {snapshotEvery: 3, keepEvery: 50}");
    expect([microBatchesOf(config), config.run.snapshotEvery, config.run.keepEvery]).toEqual([16, 3, 50]);
    expect(microBatchesOf(applySettings(config, ["microBatches=null"]).config)).toBe(4);
  });

  it("whatever is said or not, they are a power of two that divides the batch", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.option(fc.integer({ min: 1, max: 40 })), (batch, wanted) => {
        const optim = { ...tiny().optim, batch, microBatches: wanted ?? undefined };
        const isGood = wanted === null || (batch % wanted === 0 && [1, 2, 4, 8, 16, 32].includes(wanted));
        expect(validate({ ...tiny(), optim }).length).toBe(isGood ? 0 : 1);
        if (isGood) expect(batch % microBatchesOf({ optim })).toBe(0);
      }),
    );
  });
});

describe("quirks", () => {
  it("original expands to its set, without what 6D rotations cannot do", () => {
    const parsed = parseConfig("preset: tiny\nquirks: original");
    expect(parsed.config.quirks.length).toBe(ORIGINAL_QUIRKS.length - 1);
    expect(parsed.warnings).toEqual(["quirks: original leaves out aux-axis-angle, which needs model.jointRep aa"]);
    const aa = parseConfig("preset: tiny\nmodel: {jointRep: aa}\nquirks: [original, ring-adjacency]");
    expect(new Set(aa.config.quirks)).toEqual(new Set([...ORIGINAL_QUIRKS, "ring-adjacency"]));
    expect(QUIRK_NAMES.length).toBe(33);
  });
});

describe("applySettings", () => {
  it("sets by path or unique last word, with the same checks", () => {
    const { config, warnings } = applySettings(tiny(), [
      "optim.lr=1e-2",
      "steps=200",
      "gcn=[32, 32]",
      "quirks=bgr,original",
    ]);
    expect([config.optim.lr, config.run.steps, config.model.gcn]).toEqual([0.01, 200, [32, 32]]);
    expect(config.quirks).toContain("loss-sum-mm");
    expect(warnings[0]).toContain("--set optim.lr=1e-2: optim.lr is 1e-2, which PyYAML reads as text");
    expect(applySettings(config, ["run.steps=null", "quirks="]).config).toMatchObject({
      quirks: [],
      run: { steps: undefined },
    });
    expect(tiny().optim.lr).toBe(1e-3);
  });

  it.each([
    ["lrr=1", '--set lrr=1: "lrr" is not a key; did you mean "lr"?'],
    ["batch", "--set batch: expected key=value"],
    ["batch=0", "--set batch=0: optim.batch is 0, expected a whole number from 1 to 65536"],
    ["heads=5", "width 96 is not divisible by 5 heads"],
  ])("refuses %s", (setting, problem) => {
    expect(() => applySettings(tiny(), [setting])).toThrow(problem);
  });
});

describe("the original's config.yaml", () => {
  it("is read, converted, and every key is used or named", () => {
    const { config, warnings } = parseConfig(ORIGINAL);
    const huge = PRESETS.huge();
    const expected: Config = {
      ...huge,
      model: { ...huge.model, jointRep: "aa" },
      data: { ...huge.data, augment: { ...huge.data.augment, rotation: Math.PI, shift: 10 / 280, depthShift: 0.01 } },
      optim: { ...huge.optim, weightDecay: 1e-4, minLr: 1e-7 },
      loss: { w2d: 0.42, w3dJoint: 3.15, w3dVert: 0, wPrior: 0.001, wAux: 0.001 },
    };
    for (const [path] of FIELDS) {
      const at = (c: object): unknown =>
        path.split(".").reduce<unknown>((o, k) => (o as Record<string, unknown>)[k], c);
      if (typeof at(expected) === "number") expect(at(config), path).toBeCloseTo(at(expected) as number, 12);
      else expect(at(config), path).toEqual(at(expected));
    }
    const said = warnings.join("\n");
    expect(said).toContain(
      "line 36: loss.w_3d_joint 0.05 becomes loss.w3dJoint 3.15: a mean over 63 coordinates in metres",
    );
    expect(said).toContain("line 46: training.learning_rate does nothing here: the original never read it either");
    expect(said).toContain("line 10: dataset.cube_size 280 mm becomes data.depthCube 0.28: metres");
    expect(said).toContain("training.warmup_epochs 5 is not converted");
    const silent = ["p_drop", "img_size", "input_modal", "patch_size", "embed_dim", "vit_depth", "vit_num_heads"];
    silent.push("num_scales", "joint_rep_type", "w_3d_vert", "w_prior", "w_aux", "use_vertex_loss", "use_aux_loss");
    silent.push("num_epochs", "val_split_ratio", "type", "betas", "eta_min", "sigma_sc", "weight_decay");
    const keys = [...ORIGINAL.matchAll(/^ {2}(\w+):/gm)].map((match) => match[1]);
    for (const key of keys) if (!silent.includes(key)) expect(said).toContain(key);
  });

  it("keeps the weights when its sums in millimetres are asked for", () => {
    const { config } = parseConfig(ORIGINAL, { quirks: ["original"] });
    expect(config.loss).toMatchObject({ w2d: 0.01, w3dJoint: 0.05 });
    expect(config.quirks).toContain("aux-axis-angle");
  });

  it.each([
    [
      "training: {batch_sise: 3}",
      'line 1: "training.batch_sise" is not a key of the original\'s config; did you mean "training.batch_size"?',
    ],
    ["optimizer: {type: SGD}", 'line 1: optimizer.type is "SGD", expected AdamW'],
    ["optimizer: {lr: .inf}", "line 1: optimizer.lr is null, expected a finite number"],
    ["dataset: {cube_size: [1, 2]}", "line 1: dataset.cube_size expected 3 numbers"],
    ["training: 5", "line 1: training holds no keys"],
  ])("refuses %s", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("accepts lr: 1e-4 with a sentence", () => {
    const { config, warnings } = parseConfig(ORIGINAL.replace("  lr: 1.0e-5", "  lr: 1e-4"));
    expect(config.optim.lrBackbone).toBe(1e-4);
    expect(warnings.join("\n")).toContain("optimizer.lr is 1e-4, which PyYAML reads as text");
  });
});
