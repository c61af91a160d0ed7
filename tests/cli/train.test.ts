/** The terminal's train and evaluate as a person calls them, in this process. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Command } from "../../src/cli/command";
import { parseOptions } from "../../src/cli/command";
import { command as evaluate } from "../../src/cli/commands/evaluate";
import { command as profile } from "../../src/cli/commands/profile";
import { command as train } from "../../src/cli/commands/train";
import { temporaryFolder } from "../../src/cli/host";
import { encodeJpeg } from "../../src/data/jpeg";
import { encodeDepthPng } from "../../src/data/png";
import type { RgbImage } from "../../src/data/types";

const temporary = temporaryFolder("train-test");
const inside = (...parts: string[]): string => join(temporary.path, ...parts);
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));

afterAll(() => temporary.remove());
afterEach(() => vi.restoreAllMocks());

/** The smallest network that has all parts, and two steps. */
const SMALL = `preset: tiny
model: { height: 32, width: 32, dim: 16, depth: 1, heads: 2, gcn: [8, 8, 8] }
data: { splitBy: sequence, valFraction: 0.3 }
optim: { batch: 2, warmupSteps: 0 }
run: { steps: 2 }
`;

function file(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(inside(path)), { recursive: true });
  writeFileSync(inside(path), content);
  return inside(path);
}

/** Runs a command; what it wrote on stdout and stderr. */
async function terminal(name: string, command: Command, ...args: string[]): Promise<{ out: string; err: string }> {
  const text = { out: "", err: "" };
  const keep = (stream: "out" | "err") => (piece: unknown) => {
    text[stream] += String(piece);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(keep("out"));
  vi.spyOn(process.stderr, "write").mockImplementation(keep("err"));
  try {
    const code = await command.run(parseOptions(name, command.options, args));
    expect(code ?? 0).toBe(0);
  } finally {
    vi.restoreAllMocks();
  }
  return text;
}

/** The one sentence that the command ends with. */
async function sentence(command: Command, ...args: string[]): Promise<string> {
  const error: Error = await terminal("train", command, ...args).then(
    () => expect.fail("the command did not fail"),
    (thrown) => thrown,
  );
  return error.message;
}

/** An HO-3D v3 tree of five frames in three sequences; `changes` replaces files, undefined leaves one out. */
function tree(name: string, changes: Readonly<Record<string, string | Uint8Array | undefined>> = {}): string {
  const grey: RgbImage = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3).fill(120) };
  const image = encodeJpeg(grey, 90);
  const depth = encodeDepthPng({ width: 640, height: 480, data: new Float32Array(640 * 480).fill(0.5) });
  const ids = ["SM1/0000", "SM1/0001", "ABF10/0000", "ABF10/0001", "BB10/0000"];
  const files: Record<string, string | Uint8Array | undefined> = { "train.txt": `${ids.join("\n")}\n` };
  for (const id of ids) {
    const [sequence, frame] = id.split("/");
    files[`train/${sequence}/rgb/${frame}.jpg`] = image;
    files[`train/${sequence}/depth/${frame}.png`] = depth;
    files[`train/${sequence}/meta/${frame}.pkl`] = fixture("ho3d-train.pkl");
  }
  for (const [path, content] of Object.entries({ ...files, ...changes })) {
    if (content !== undefined) file(join(name, path), content);
  }
  return inside(name);
}

const small = file("small.yaml", SMALL);

describe("handloom train refuses", () => {
  const emptyList = tree("empty", { "train.txt": "" });
  const typo = file("typo.yaml", "preset: tiny\noptim:\n  batchSize: 4\n");
  file("old/metrics.jsonl", "");
  mkdirSync(inside("nothing"));
  it.each([
    ["an unknown preset", ["--config", "tyni"], '--config is "tyni", expected a preset (tiny, small, base, huge)'],
    ["a key that is none", ["--config", typo], 'did you mean "batch"?'],
    ["a setting that is none", ["--config", small, "--set", "optim.lrr=1"], 'did you mean "optim.lr"?'],
    ["a missing folder", ["--config", small, "--data", inside("none")], `folder "${inside("none")}" does not exist`],
    [
      "a folder without train.txt",
      ["--config", small, "--data", inside("nothing")],
      "nothing: no train frames found; looked",
    ],
    ["an empty list", ["--config", small, "--data", emptyList], "train.txt has 0 lines but no usable frame"],
    ["no frames", ["--config", small, "--data", "synthetic:0"], '--data synthetic is "0", expected'],
    [
      "a missing hand",
      ["--config", small, "--hand", inside("MANO.pkl")],
      "expected openhand or the path of MANO_RIGHT.pkl",
    ],
    ["an unknown runtime", ["--config", small, "--runtime", "safari"], "expected node, chromium or firefox"],
    ["an unknown debug mode", ["--config", small, "--debug", "los"], '--debug has "los", expected batch or loss'],
    ["an unknown quirk", ["--config", small, "--quirks", "brg"], 'did you mean "bgr"?'],
    ["no configuration", [], "--config FILE|PRESET must be given"],
    ["to resume nothing", ["--resume", inside("nothing")], "which holds no run"],
  ])("%s, and writes nothing", async (_, args, expected) => {
    const out = inside("out");
    expect(await sentence(train, "--out", out, ...args)).toContain(expected);
    expect(existsSync(out)).toBe(false);
  });

  it("a folder that holds a run, and leaves it as it is", async () => {
    const old = inside("old");
    const message = await sentence(train, "--config", small, "--out", old);
    expect(message).toBe(`train: ${old} holds a run; choose another --out, or go on with --resume ${old}`);
    expect(readdirSync(old)).toEqual(["metrics.jsonl"]);
  });

  const damaged = (path: (id: string) => string, content: Uint8Array | undefined) =>
    Object.fromEntries(
      ["SM1/0000", "SM1/0001", "ABF10/0000", "ABF10/0001", "BB10/0000"].map((id) => [path(id), content]),
    );
  const at = (kind: string, ending: string) => (id: string) => `train/${id.replace("/", `/${kind}/`)}.${ending}`;
  const cut = encodeDepthPng({ width: 640, height: 480, data: new Float32Array(640 * 480) }).slice(0, -20);
  it.each([
    ["truncated PNGs", damaged(at("depth", "png"), cut), /none of 5 frames can be used; first: .*depth\/0000\.png: /],
    [
      "a pickle that names a program",
      damaged(at("meta", "pkl"), fixture("names-os-system.pkl")),
      /none of 5 frames can be used; first: .*meta\/0000\.pkl: .*system/,
    ],
    [
      "missing files",
      damaged(at("rgb", "jpg"), undefined),
      /train\.txt has 5 lines but no usable frame \(rgb file missing, first SM1\/0000\)/,
    ],
  ])("%s, and writes nothing", async (name, changes, expected) => {
    const data = tree(`damaged ${name}`, changes);
    const out = inside("damaged-out");
    expect(await sentence(train, "--config", small, "--data", data, "--out", out)).toMatch(expected);
    expect(existsSync(out)).toBe(false);
  });
});

describe("handloom train, evaluate and profile", () => {
  const run = inside("run");
  // What the doctor rightly stops a run for: these pictures are all grey.
  const grey = ["--ignore", "image-blank"];
  let validation: { readonly mpjpe_mm: number; readonly mpvpe_mm: number };

  it("train on an HO-3D tree, and say which frame was dropped", async () => {
    const data = tree("HO3D", { "train/ABF10/depth/0001.png": Uint8Array.of(1, 2, 3) });
    const args = ["--config", small, "--data", data, "--out", run, ...grey, "--json"];
    const { out, err } = await terminal("train", train, ...args);
    expect(err).toContain("1 frames dropped: ");
    expect(err).toContain("ABF10/0001");
    expect(readdirSync(run).sort()).toEqual([
      "checkpoints",
      "config.yaml",
      "evaluation.json",
      "events.out.tfevents.000000.handloom",
      "findings.json",
      "log.txt",
      "metrics.jsonl",
      "scores.json",
      "splits",
      "times.jsonl",
    ]);
    const split = ["train", "val"].map((name) => readFileSync(join(run, `splits/${name}.txt`), "utf8"));
    expect(split.join("").split("\n").sort()).toEqual(["", "ABF10/0000", "BB10/0000", "SM1/0000", "SM1/0001"]);
    expect(readdirSync(join(run, "checkpoints"))).toContain("step-000002");
    expect(readdirSync(join(run, "checkpoints/step-000002")).sort()).toEqual([
      "model.safetensors",
      "optimizer.safetensors",
      "state.json",
    ]);
    const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n");
    const records = lines.map((line) => JSON.parse(line));
    expect(records.filter(({ split }) => split === "train").map(({ step }) => step)).toEqual([1, 2]);
    for (const { losses } of records) expect(Number.isFinite(losses.total_loss)).toBe(true);
    validation = records[records.length - 1];
    expect(validation).toMatchObject({ split: "val", step: 2, non_finite: 0 });
    // Half a metre more when the annotated mesh is not at the annotated wrist.
    expect(validation.mpvpe_mm).toBeLessThan(1.5 * validation.mpjpe_mm);
    expect(readFileSync(join(run, "log.txt"), "utf8")).toContain("[Debug Batch 0]");
    // stdout holds the run's facts, then findings and the same records.
    const told = out.trim().split("\n").slice(1);
    expect(told.filter((line) => !line.startsWith('{"findings"'))).toEqual(lines);
  });

  it("train the same in a page of a browser, as far as two adapters agree", async () => {
    const other = inside("run-chromium");
    const args = ["--config", small, "--data", inside("HO3D"), "--out", other, ...grey, "--runtime", "chromium"];
    const { err } = await terminal("train", train, ...args);
    expect(err).toContain("1 frames dropped: ");
    expect(err).toContain("checkpoint checkpoints/step-000002");
    const files = (folder: string) => readdirSync(folder, { recursive: true }).sort();
    expect(files(other)).toEqual(files(run));
    expect(readFileSync(join(other, "config.yaml"), "utf8")).toBe(readFileSync(join(run, "config.yaml"), "utf8"));
    const last = readFileSync(join(other, "metrics.jsonl"), "utf8").trim().split("\n").pop()!;
    expect(JSON.parse(last).mpjpe_mm).toBeCloseTo(validation.mpjpe_mm, 1);
  }, 400_000);

  it("say in the terminal what the page finds wrong", async () => {
    const out = inside("refused");
    const hand = join("tests/data/fixtures", "names-os-system.pkl");
    const args = ["--config", small, "--hand", hand, "--out", out, "--runtime", "chromium"];
    expect(await sentence(train, ...args)).toContain('names-os-system.pkl: the pickle names "os.system"');
    expect(existsSync(out)).toBe(false);
  });

  it("evaluate to the run's own figures from its checkpoint", async () => {
    const { out } = await terminal("evaluate", evaluate, "--run", run, "--data", inside("HO3D"), "--json");
    const { ms, epoch, step, ...same } = validation as typeof validation & Record<string, unknown>;
    expect(JSON.parse(out)).toMatchObject({ ...same, step: 2, use_depth: true, box_jitter: 0 });
    const { modalities } = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"));
    expect(modalities).toEqual(JSON.parse(out).report.modalities);
    expect([modalities["RGB-D"].samples, modalities.RGB.samples]).toEqual([same.samples, same.samples]);
    const args = ["--run", run, "--data", inside("HO3D"), "--no-depth", "--box-jitter", "0.2"];
    const other = JSON.parse((await terminal("evaluate", evaluate, ...args, "--json")).out);
    expect(other).toMatchObject({ step: 2, use_depth: false, box_jitter: 0.2, samples: same.samples });
    expect(Math.abs(other.mpjpe_mm - same.mpjpe_mm)).toBeGreaterThan(1e-3);
  });

  it("predict an evaluation split without truth, whole or not at all", async () => {
    const meta = fixture("ho3d-evaluation.pkl");
    const rgb = new Uint8Array(readFileSync(inside("HO3D/train/SM1/rgb/0000.jpg")));
    for (const frame of ["0000", "0001"]) {
      file(`HO3D/evaluation/AP10/rgb/${frame}.jpg`, rgb);
      file(`HO3D/evaluation/AP10/meta/${frame}.pkl`, meta);
    }
    file("HO3D/evaluation.txt", "AP10/0000\nAP10/0001\n");
    const args = ["--run", run, "--data", inside("HO3D"), "--split", "evaluation"];
    expect(await sentence(evaluate, ...args)).toContain("no evaluation_xyz.json to score against");
    const pred = inside("pred.json");
    const { out, err } = await terminal("evaluate", evaluate, ...args, "--pred", pred);
    expect(out).toBe("");
    expect(err).toContain("no metrics, as evaluation_xyz.json is not there");
    const [joints, vertices] = JSON.parse(readFileSync(pred, "utf8"));
    expect([joints.length, joints[1].length, vertices.length, vertices[1].length]).toEqual([2, 21, 2, 778]);
    // A truth that is the prediction, its meshes 10 mm off: HO-3D's figures are known.
    const behind = vertices.map((mesh: number[][]) => mesh.map(([x, y, z]) => [x, y, z - 0.01]));
    const packed = inside("pred.zip");
    file("HO3D/evaluation_xyz.json", JSON.stringify(joints));
    file("HO3D/evaluation_verts.json", JSON.stringify(behind));
    const scored = await terminal("evaluate", evaluate, ...args, "--pred", packed, "--json");
    const { ho3d, report, mpvpe_mm } = JSON.parse(scored.out);
    expect(ho3d.n).toBe(2);
    expect(ho3d.xyz_mean3d).toBeLessThan(1e-4);
    expect(ho3d.mesh_mean3d).toBeCloseTo(1, 4);
    expect(ho3d).toMatchObject({ f_al_score_5: 1, f_score_15: 1 });
    expect(mpvpe_mm).toBeCloseTo(10, 3);
    expect(Object.keys(report.sequences)).toEqual(["AP10"]);
    expect([...readFileSync(packed).subarray(0, 4)]).toEqual([0x50, 0x4b, 3, 4]);
    const shown = (await terminal("evaluate", evaluate, ...args)).out;
    expect(shown).toContain("scores.txt of HO-3D over 2 frames");
    expect(shown).toContain("mesh_mean3d: 1.0000");
    for (const name of ["evaluation_xyz.json", "evaluation_verts.json"]) rmSync(inside(`HO3D/${name}`));
    file("HO3D/evaluation.txt", "AP10/0000\nAP10/0009\n");
    const refused = inside("refused.json");
    expect(await sentence(evaluate, ...args, "--pred", refused)).toContain(
      "pred.json needs every frame of evaluation.txt, but 1 cannot be used: rgb file missing (first: AP10/0009)",
    );
    expect(existsSync(refused)).toBe(false);
  });

  it("evaluate refuses what is no checkpoint", async () => {
    expect(await sentence(evaluate)).toContain("--run DIR or --checkpoint FILE must be given");
    expect(await sentence(evaluate, "--run", inside("nothing"))).toContain("which holds no checkpoint");
    expect(await sentence(evaluate, "--checkpoint", inside("none.safetensors"))).toContain("cannot be read");
    expect(await sentence(evaluate, "--run", run, "--pred", "x")).toContain("goes with --split evaluation");
    const submission = ["--run", run, "--split", "evaluation", "--pred", "pred.txt"];
    expect(await sentence(evaluate, ...submission)).toContain('--pred is "pred.txt", expected a name that ends in');
    expect(await sentence(evaluate, "--run", run, "--box-jitter", "10%")).toContain('--box-jitter is "10%", expected');
  });

  it("profile every kernel of the step", async () => {
    const trace = inside("trace.json");
    const options = ["--repeats", "1", "--warm-up", "0", "--trace", trace, "--json"];
    const { out } = await terminal("profile", profile, "--preset", small, ...options);
    const { rows } = JSON.parse(out) as { rows: { kernel: string; pass: string }[] };
    expect(new Set(rows.map(({ pass }) => pass))).toEqual(new Set(["forward", "backward", "update"]));
    expect(rows.map(({ kernel }) => kernel)).toContain("adamw.update");
    const { traceEvents } = JSON.parse(readFileSync(trace, "utf8")) as { traceEvents: { ph: string; tid: number }[] };
    // Above the kernels forward, backward, and what comes once.
    expect(traceEvents.filter(({ ph, tid }) => ph === "X" && tid === 1)).toHaveLength(rows.length + 3);
  });
});
