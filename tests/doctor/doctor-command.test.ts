import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { command } from "../../src/cli/commands/doctor";
import { originalLog, ownRun } from "./log-writer";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "handloom-doctor-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};

/** Runs the command; what it wrote on stdout and stderr. */
async function run(values: Record<string, string | boolean>) {
  const written = { out: "", err: "" };
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.out += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.err += text;
    return true;
  });
  const code = await command.run({ json: false, help: false, ...values });
  vi.restoreAllMocks();
  return { code, ...written };
}

describe("handloom doctor", () => {
  it("ends with 0 for a healthy log and 1 for a sick one, causes above symptoms", async () => {
    expect((await run({ log: file("a.log", originalLog("healthy", 1)) })).code).toBe(0);
    const { code, out } = await run({ log: file("b.log", originalLog("mano-missing", 1)) });
    expect(code).toBe(1);
    expect(out).toMatch(/FATAL \(certain\) The hand model could not be loaded \[mano-missing\], since line 4\n/);
    expect(out).toMatch(/\n {4}explains: The network predicts zeros \[zero-predictor\]/);
    expect(out).toMatch(/val\/mpjpe +102\.2 +102\.2 +102\.2 +12 {2}▄{12}/);
  });

  it("leaves out what is ignored", async () => {
    const log = file("a.log", originalLog("leak", 1));
    expect((await run({ log })).code).toBe(1);
    expect((await run({ log, ignore: "validation-leak" })).code).toBe(0);
  });

  it("writes findings as JSON", async () => {
    const out = join(folder, "findings.json");
    const { out: text } = await run({ log: file("a.log", originalLog("nan-as-zero", 1)), out, json: true });
    const { runs } = JSON.parse(text);
    expect(runs[0].findings[0].id).toBe("nan-scored-as-zero");
    expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(JSON.parse(text));
  });

  it("reads the folder of a run and a folder of logs", async () => {
    for (const { name, text } of ownRun("frozen-backbone", 1)) file(name, text);
    expect((await run({ run: join(folder, "run") })).out).toContain("[frozen-backbone]");
    file("other/a.log", originalLog("healthy", 1));
    const { out } = await run({ log: folder });
    expect(out).toContain("== run: Handloom");
    expect(out).toContain("== a.log: the original trainer");
  });

  it("says what is wrong with what it is given", async () => {
    const diary = file("diary.txt", "Dear diary,\nnothing.\n");
    const { code, err } = await run({ log: diary });
    expect(code).toBe(2);
    expect(err).toContain("  | Dear diary,");
    await expect(run({})).rejects.toThrow("give either --log FILE|DIR or --run DIR");
    await expect(run({ log: join(folder, "none") })).rejects.toThrow("is not there");
    await expect(run({ run: folder })).rejects.toThrow("holds no metrics.jsonl");
    await expect(run({ run: diary })).rejects.toThrow("expected the folder of a run");
  });
});
