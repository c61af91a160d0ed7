import { expect, it } from "vitest";
import { kindOfNames } from "../../src/pages/train/dropped";

it("tells what is dropped by its name, and takes several files for logs", () => {
  const kinds = ["config.yaml", "CONFIG.YML", "MANO_RIGHT.pkl", "mano.npz", "run.zip", "log.txt", "metrics.jsonl"];
  expect(kinds.map((name) => kindOfNames([name]))).toEqual([
    ...["config", "config", "hand", "hand", "archive", "log", "log"],
  ]);
  expect(kindOfNames(["config.yaml", "train.log"])).toBe("log");
  expect(kindOfNames(["HO3D_v3"], true)).toBe("folder");
});
