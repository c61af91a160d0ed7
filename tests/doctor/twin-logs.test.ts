/** Logs of the PyTorch twin, really trained with one fault each (tests/golden/twin-logs): the doctor names it first. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnoseLog, type RunDiagnosis } from "../../src/doctor/log/diagnose-log";
import { bytesAsFile, readLogs } from "../../src/doctor/log/read-log";

const FOLDER = new URL("../golden/twin-logs/", import.meta.url);

/** The first finding above a note; undefined where there must be none. */
const EXPECTED: Readonly<Record<string, string | undefined>> = {
  healthy: undefined,
  "healthy-zh": undefined,
  // Sums in millimetres with weights for metres: nothing is left for the 2D term.
  "original-weights": "two-d-stuck",
  "healthy-one-gpu": undefined,
  "rank0-only": "evaluated-on-one-rank",
  "rank0-only-silent": "evaluated-on-one-rank",
  "mano-missing": "mano-missing",
  "zero-predictor": "zero-predictor",
  "frozen-weights": "frozen-weights",
  "learning-rate-tiny": "frozen-weights",
  "no-warmup": "no-warmup",
  "dead-gradient": "dead-3d-gradient",
  "nan-as-zero": "nan-scored-as-zero",
  diverged: "non-finite",
  "unit-doubled": "labels-unit",
  "unit-doubled-loss": "unit-doubled",
  "prediction-scale": "prediction-scale",
  "double-centring": "double-centring",
  "labels-relative": "labels-root-relative",
  opengl: "frame-opengl",
  "sum-stuck": "loss-is-a-sum",
  "joints-permuted": "joint-order",
  "lr-restarted": "lr-restarted",
  // Samples outside the feature map leave no trace in what the original prints; neither do labels that are not turned and a leak
  // in so short a run, whose network has learned little more than the mean pose.
  "labels-not-augmented": undefined,
  "validation-leak": undefined,
  "sample-in-millimetres": undefined,
};

const read = async (name: string): Promise<RunDiagnosis[]> =>
  diagnoseLog(await readLogs([bytesAsFile(`${name}.log`, readFileSync(new URL(`${name}.log`, FOLDER)))]));

const alarms = (diagnoses: readonly RunDiagnosis[]): string[] =>
  diagnoses.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== "note").map(({ id }) => id));

describe("logs of the twin", () => {
  for (const [name, id] of Object.entries(EXPECTED))
    it(`${name}: ${id ?? "nothing above a note"}`, async () => {
      const found = alarms(await read(name));
      expect(id === undefined ? found : [found[0]]).toEqual(id === undefined ? [] : [id]);
    });

  it("each log has its diagnosis", () => {
    const logs = readdirSync(FOLDER).filter((name) => name.endsWith(".log"));
    expect(logs.sort()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `${name}.log`)
        .sort(),
    );
  });
});
