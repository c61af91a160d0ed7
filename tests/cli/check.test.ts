/** The terminal's check as a person calls it, in this process. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { parseOptions } from "../../src/cli/command";
import { checkText, command } from "../../src/cli/commands/check";
import { temporaryFolder } from "../../src/cli/host";
import { type Config, parseConfig, tiny } from "../../src/config";
import { applyChange } from "../../src/doctor/explain/apply-change";
import { climb } from "../../src/doctor/explain/ladder";
import type { Diagnosis } from "../../src/doctor/finding";

const temporary = temporaryFolder("check-test");
const inside = (name: string): string => join(temporary.path, name);
const LIMIT_MS = 300_000;

afterAll(() => temporary.remove());
afterEach(() => vi.restoreAllMocks());

/** A network of 4 x 3 patches, whose rows and columns differ. */
const SMALL = `preset: tiny
model: { height: 64, width: 48, dim: 24, depth: 1, heads: 2, gcn: [16, 16, 16] }
data: { valFraction: 0.3 }
optim: { batch: 4, microBatches: 2 }
run: { steps: 100 }
`;

async function check(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  const config = inside("small.yaml");
  writeFileSync(config, SMALL);
  const text = { out: "", err: "" };
  const keep = (stream: "out" | "err") => (piece: unknown) => {
    text[stream] += String(piece);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep("out"));
  vi.spyOn(process.stderr, "write").mockImplementation(keep("err"));
  try {
    const all = ["--config", config, "--data", "synthetic:12", "--set", "data.threads=0", ...args];
    return { code: (await command.run(parseOptions("check", command.options, all))) ?? 0, ...text };
  } finally {
    vi.restoreAllMocks();
  }
}

const finding = (id: string, change?: Diagnosis["change"]): Diagnosis => ({
  ...{ id, severity: "serious", certainty: "certain", title: id, sentence: "It is so.", remedy: "Mend it." },
  ...{ evidence: [], causes: [], samples: [], symptoms: [], ...(change && { change }) },
});

describe("the ladder", () => {
  const sick: Config = { ...tiny(), quirks: ["bgr", "ring-adjacency"] };

  it("changes a copy of the configuration, and says what", () => {
    const change = { set: { "data.splitBy": "sequence", "optim.clip": "2" }, withoutQuirks: ["bgr", "pose-opengl"] };
    const applied = applyChange({ ...sick, data: { ...sick.data, splitBy: "sequence" } }, change);
    expect(applied?.said).toBe("without quirk bgr, optim.clip=2");
    expect(applied?.config.quirks).toEqual(["ring-adjacency"]);
    expect(applied?.config.optim.clip).toBe(2);
    expect(sick.quirks).toEqual(["bgr", "ring-adjacency"]);
    expect(applyChange(sick, { withoutQuirks: ["pose-opengl"] })).toBeUndefined();
  });

  it("passes over what no change mends, and ends there", async () => {
    const [data, unmended] = [
      finding("labels-unit"),
      finding("frame-opengl", { withoutQuirks: ["opengl-unconverted"] }),
    ];
    const ring = finding("graph-is-a-ring", { withoutQuirks: ["ring-adjacency"] });
    const note: Diagnosis = { ...finding("counts", { withoutQuirks: ["bgr"] }), severity: "note" };
    const check = async ({ quirks }: Config) => [data, unmended, ...(quirks.length > 1 ? [ring] : []), note];
    const { rungs, left, config } = await climb(sick, await check(sick), check);
    expect(rungs.map(({ finding: { id } }) => id)).toEqual(["graph-is-a-ring"]);
    expect(left.map(({ id }) => id)).toEqual(["labels-unit", "frame-opengl"]);
    expect(config.quirks).toEqual(["bgr"]);
  });
});

describe("handloom check", () => {
  it(
    "finds nothing in a healthy run, expensive probes included",
    async () => {
      const { code, out, err } = await check("--expensive");
      expect(out).toMatch(/^nothing above a note was found\n/);
      expect(code).toBe(0);
      expect(err).toMatch(/reading synthetic/);
      expect(err).toMatch(/probing the network/);
    },
    LIMIT_MS,
  );

  it(
    "climbs from faults of data, network, scoring and schedule to none, and writes what mends them",
    async () => {
      const quirks = ["bgr", "map-transposed", "mano-thumb-first", "nan-as-zero", "no-warmup"];
      const [out, written] = [inside("findings.json"), inside("mended.yaml")];
      const args = ["--quirks", quirks.join(","), "--fix", "--write-config", written, "--out", out, "--json"];
      const run = await check(...args);
      const report = JSON.parse(run.out);
      const ids = ["joint-order", "feature-map-scrambled", "nan-scored-as-zero", "channel-order", "no-warmup"];
      const graver = report.findings.filter(({ severity }: { severity: string }) => severity !== "note");
      expect(graver.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
      expect(report.findings[0].id).toBe("joint-order");
      const { rungs, left } = report.ladder;
      expect(rungs.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
      expect(rungs[0]).toMatchObject({ id: "joint-order", change: "without quirk mano-thumb-first" });
      expect(rungs.map((rung: { left: string[] }) => rung.left.length)).toEqual([4, 3, 2, 1, 0]);
      expect(left).toEqual([]);
      expect(run.code).toBe(0);
      expect(JSON.parse(readFileSync(out, "utf8"))).toEqual(report);
      expect(parseConfig(readFileSync(written, "utf8")).config.quirks).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    "prints findings, leaves out what is ignored, and ends with 1",
    async () => {
      const { code, out } = await check("--quirks", "bgr,ring-adjacency", "--ignore", "channel-order");
      expect(out).toMatch(/^1 finding above a note\n/);
      expect(out).toMatch(/\nSERIOUS \(certain\) The mesh's graph is a ring of vertex numbers \[graph-is-a-ring\]\n/);
      expect(out).not.toContain("channel-order");
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );

  it("prints the ladder, and what no change removes", () => {
    const [ring, unit] = [finding("graph-is-a-ring"), finding("labels-unit")];
    const rungs = [{ finding: ring, change: "without quirk ring-adjacency", left: [unit] }];
    const many = { ...rungs[0], left: ["a", "b", "c", "d", "e"].map((id) => finding(id)) };
    expect(checkText([ring], { config: tiny(), rungs: [many], left: [] })).toContain("-> a, b, c and 2 more\n");
    const text = checkText([ring, unit], { config: tiny(), rungs, left: [unit] });
    expect(text).toContain("\n   1. graph-is-a-ring -> without quirk ring-adjacency -> labels-unit\n");
    expect(text).toMatch(/\nleft, and no change of the configuration removes it: labels-unit\n$/);
    expect(checkText([ring], { config: tiny(), rungs: [{ ...rungs[0], left: [] }], left: [] })).toMatch(
      /-> nothing above a note\nnothing above a note is left\n$/,
    );
  });

  it("refuses to write a configuration that nothing mends", async () => {
    await expect(check("--write-config", inside("x.yaml"))).rejects.toThrow("--write-config is for --fix");
  });
});
