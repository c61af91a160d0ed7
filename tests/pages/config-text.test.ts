import { describe, expect, it } from "vitest";
import { DEMO } from "../../src/pages/route";
import { configText } from "../../src/pages/train/config-text";
import { Setup } from "../../src/pages/train/setup";

describe("configText", () => {
  it("reads every preset as it is", () => {
    for (const { name } of configText.presets) {
      const { config, problems } = configText.read(configText.presetText(name));
      expect(problems, name).toEqual([]);
      expect(config?.preset).toBe(name);
    }
    expect(() => configText.presetText("large")).toThrow(/"large"/);
  });

  it("changes one entry and leaves the rest of the text as it was", () => {
    const text = `# mine\n${configText.presetText("tiny")}`;
    const changed = configText.set(text, "batch", 4);
    expect(configText.get(changed, "batch")).toBe(4);
    expect(changed.replace("batch: 4", "batch: 16")).toBe(text);
    // PyYAML reads 1e-7 as text.
    expect(configText.set(text, "learningRate", 1e-7)).toContain("lr: 1.0e-07");
    expect(configText.get(configText.set("preset: tiny\n", "steps", 30), "steps")).toBe(30);
  });

  it("leaves a text that is no configuration alone, and looks before it parses", () => {
    for (const text of ["model: [", "- run\n- optim\n", "run: 5\n", "5", `run: ${"[".repeat(30_000)}`]) {
      expect(configText.get(text, "steps"), text.slice(0, 20)).toBeUndefined();
      expect(configText.set(text, "steps", 3), text.slice(0, 20)).toBe(text);
      expect(configText.read(text).problems.length).toBeGreaterThan(0);
    }
  });

  it("turns a mistake into sentences", () => {
    const { config, problems } = configText.read(configText.set(configText.presetText("tiny"), "batch", -1));
    expect(config).toBeUndefined();
    expect(problems.join()).toContain("batch");
    expect(configText.read("model: [").problems.length).toBeGreaterThan(0);
  });
});

describe("Setup", () => {
  it("makes a demo of any size that can be started", async () => {
    const setup = new Setup();
    for (const steps of [1, 2, 20, 60]) {
      await setup.useDemo({ ...DEMO, steps });
      expect(setup.problems.value, `${steps} steps`).toEqual([]);
      const { config, data, hand, resume } = setup.options(new Date(2026, 0, 31, 23, 59, 58));
      expect([config.run.steps, config.optim.batch, config.run.seed]).toEqual([steps, DEMO.batch, DEMO.seed]);
      expect([data, hand, resume]).toEqual([
        { kind: "synthetic", frames: 48, seed: 1 },
        { kind: "openhand" },
        undefined,
      ]);
    }
    expect(setup.options(new Date(2026, 0, 31, 23, 59, 58)).name).toBe("tiny-20260131-235958");
  });

  it("says what keeps a run from starting", async () => {
    const setup = new Setup();
    await setup.load();
    setup.dataKind.value = "folder";
    expect(setup.problems.value).toEqual(["Choose the folder of a data set, or train on synthetic hands."]);
    expect(() => setup.options(new Date())).toThrow(/folder of a data set/);
  });

  it("continues a stored run with its own config and history", async () => {
    const setup = new Setup();
    const text = configText.set(configText.presetText("tiny"), "seed", 77);
    await setup.useStored("tiny-1", 5, [{ path: "config.yaml", bytes: new TextEncoder().encode(text) }]);
    expect(setup.options(new Date())).toMatchObject({
      name: "tiny-1",
      resume: "tiny-1",
      config: { run: { seed: 77 } },
    });
    await expect(setup.useStored("tiny-2", 5, [])).rejects.toThrow(/"tiny-2" has no config.yaml/);
    setup.forgetStored();
    expect(setup.options(new Date()).resume).toBeUndefined();
  });
});
