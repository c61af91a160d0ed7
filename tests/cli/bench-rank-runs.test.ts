import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { benchRankRuns, RANK_RUN_HEAD, type RankRun, rankRunRow } from "../../src/cli/bench-rank-runs";
import { temporaryFolder } from "../../src/cli/host";
import type { RankTimesRecord } from "../../src/train/events";

const lines = (records: readonly object[]): string => records.map((each) => `${JSON.stringify(each)}\n`).join("");

/** Twenty steps that take 90 + step ms, the first five a thousand times as much. */
const metrics = (ranks: number): string =>
  lines([
    ...Array.from({ length: 20 }, (_, i) => ({
      step: i + 1,
      split: "train",
      ms: (90 + i + 1) * (i < 5 ? 1000 : 1),
      samples: 8,
      ranks,
    })),
    { step: 20, split: "val", ms: 9999 },
  ]);

const of = (compute_ms: number, wait_ms: number, overlap: number): RankTimesRecord => ({
  ...{ data_ms: 2, compute_ms, read_ms: 6, reduce_ms: 1, wait_ms, update_ms: 3, overlap },
});

const two: RankRun = {
  ranks: 2,
  parameters: 1_250_000,
  metrics: metrics(2),
  times: lines([
    { step: 5, ranks: [of(9000, 0, 0), of(9000, 0, 0)] },
    { step: 10, ranks: [of(70, 18, 0.5), of(80, 8, 1)] },
    { step: 15, ranks: [of(72, 16, 0.5), of(74, 14, 1)] },
    { step: 20, ranks: [of(60, 40, 0), of(98, 2, 0.8)] },
  ]),
};

const cellsOf = (row: string): string[] =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

it("tells medians over steps of means over ranks, without the first five steps", () => {
  // Steps 6 to 20 take 96 to 110 ms. Of 5 MB; wholes are 100, 100 and 112 ms, in which the all-reduce has 20, 22 and 28.
  const row = ["2", "103.0", "77.7", "75.0", "6.0", "1.0", "15.0", "3.0", "22 %", "75 %", "4.4"];
  expect(cellsOf(rankRunRow(two))).toEqual(row);
  expect(cellsOf(RANK_RUN_HEAD[0])).toHaveLength(row.length);
  expect(cellsOf(RANK_RUN_HEAD[1])).toHaveLength(row.length);
});

it("has no all-reduce for one rank", () => {
  const times = lines([{ step: 10, ranks: [of(95, 0, 0)] }]);
  const row = rankRunRow({ ...two, ranks: 1, metrics: metrics(1), times });
  expect(cellsOf(row)).toEqual(["1", "103.0", "77.7", "95.0", ...Array(7).fill("–")]);
});

it("refuses a run that lost a rank on the way, or that is too short", () => {
  const fewer = lines([{ step: 10, ranks: [of(1, 1, 1)] }]);
  expect(() => rankRunRow({ ...two, times: fewer })).toThrow("bench: step 10 was made by 1 ranks, expected 2");
  expect(() => rankRunRow({ ...two, metrics: metrics(1) })).toThrow("bench: step 6 was made by 1 ranks, expected 2");
  expect(() => rankRunRow({ ...two, times: "" })).toThrow("tells of no step after step 5, expected 10 steps");
});

it("starts the program on 1, 2 and 4 ranks, ends with the sentence of a run that fails, and leaves no folder", async () => {
  const folder = temporaryFolder("bench-test");
  try {
    const program = join(folder.path, "program.cjs");
    const told = join(folder.path, "told.txt");
    // Stands in for the trainer: writes a run's files and fails on four ranks.
    mkdirSync(join(folder.path, "files"));
    for (const ranks of [1, 2]) {
      const times = lines([{ step: 10, ranks: Array.from({ length: ranks }, () => of(95, 0, 0)) }]);
      writeFileSync(join(folder.path, `files/${ranks}.json`), JSON.stringify({ metrics: metrics(ranks), times }));
    }
    writeFileSync(
      program,
      `const fs = require("node:fs");
      const at = (name) => process.argv[process.argv.indexOf("--" + name) + 1];
      fs.appendFileSync(${JSON.stringify(told)}, at("out") + "\\n");
      if (at("ranks") === "4") {
        process.stderr.write("rank 3: lost\\nhandloom: no rank is left\\n");
        process.exit(1);
      }
      const { metrics, times } = JSON.parse(fs.readFileSync(${JSON.stringify(join(folder.path, "files"))} + "/" + at("ranks") + ".json"));
      fs.mkdirSync(at("out"));
      fs.writeFileSync(at("out") + "/metrics.jsonl", metrics);
      fs.writeFileSync(at("out") + "/times.jsonl", times);
      console.log(JSON.stringify({ preset: "tiny", adapter: "SwiftShader", batch: 8, microBatches: 4, parameters: 1250000 }));`,
    );
    const printed: string[] = [];
    await expect(
      benchRankRuns(program, { runtime: "firefox", steps: 20 }, (line) => void printed.push(line)),
    ).rejects.toThrow("bench: training on 4 ranks in firefox ended with exit code 1: no rank is left");
    expect(printed[0]).toContain("Training of tiny in firefox, SwiftShader: batch 8 in 4 micro-batches, 5.0 MB");
    expect(printed.slice(-2).map((line) => cellsOf(line)[0])).toEqual(["1", "2"]);
    const runs = readFileSync(told, "utf8").trim().split("\n");
    expect(runs).toHaveLength(3);
    expect(runs.filter((run) => existsSync(join(run, "..")))).toEqual([]);
  } finally {
    folder.remove();
  }
});
