/** Which frames a case has: the same for a run in the main thread and for its ranks. */
import { join } from "node:path";
import { type DataOption, openFrames } from "../../src/cli/run-setup";
import type { Config } from "../../src/config";
import type { Adapted } from "../../src/data/adapter";
import type { HandModel } from "../../src/data/types";
import type { RunData } from "../../src/train/data";
import type { DataKind } from "./expected";

/** Eight recordings of three cameras: enough for a batch of 16 beside a quarter for validation. */
export const FRAMES = 24;

/** What a rank's thread is given. */
export interface RankThreadData {
  /** Where the trees are. */
  readonly folder: string;
}

export const treeOf = (folder: string, seed: number): string => join(folder, `HO3D_v3-${seed}`);

export const optionOf = (folder: string, data: DataKind, seed: number): DataOption =>
  data === "synthetic" ? { kind: "synthetic", frames: FRAMES } : { kind: "folder", path: treeOf(folder, seed) };

/** As a run's name: a rank is told no more of a case than its configuration and this. */
export const nameOf = (data: DataKind, key: string): string => `${data}:${key}`;

export function openCaseFrames(
  folder: string,
  name: string,
  hand: HandModel,
  config: Config,
): Promise<RunData & Adapted> {
  const data = name.startsWith("ho3d:") ? "ho3d" : "synthetic";
  return openFrames(optionOf(folder, data, config.run.seed), hand, config);
}
