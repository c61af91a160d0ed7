import { describe, expect, it } from "vitest";
import { diagnoseLog, type RunDiagnosis } from "../../src/doctor/log/diagnose-log";
import { bytesAsFile, readLogs } from "../../src/doctor/log/read-log";
import {
  eventLog,
  type Fault,
  lightningLog,
  type OwnFault,
  originalLog,
  ownRun,
  type WriteOptions,
} from "./log-writer";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function diagnosed(
  ...files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
): Promise<RunDiagnosis[]> {
  return diagnoseLog(await readLogs(files.map(({ name, bytes }) => bytesAsFile(name, bytes))));
}

const text = (log: string) => ({ name: "training.log", bytes: utf8(log) });

/** Ids above a note, in their order, over all runs. */
const alarms = (diagnoses: readonly RunDiagnosis[]): string[] =>
  diagnoses.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== "note").map(({ id }) => id));

const EXPECTED: Readonly<Partial<Record<Fault, string>>> = {
  "mano-missing": "mano-missing",
  "zero-predictor": "zero-predictor",
  "nan-as-zero": "nan-scored-as-zero",
  "frozen-weights": "frozen-weights",
  "dead-3d": "dead-3d-gradient",
  "rank0-only": "evaluated-on-one-rank",
  "rank0-only-old": "evaluated-on-one-rank",
  "no-samples": "metric-without-samples",
  "unit-doubled": "labels-unit",
  "unit-doubled-no-debug": "unit-doubled",
  "gt-metres": "labels-unit",
  "prediction-scale": "prediction-scale",
  "gt-relative": "labels-root-relative",
  "double-centring": "double-centring",
  opengl: "frame-opengl",
  blank: "image-blank",
  "three-stuck": "three-d-stuck",
  "two-stuck": "two-d-stuck",
  permuted: "joint-order",
  "not-augmented": "labels-not-rotated",
  "impossible-pa": "metric-impossible",
  "bad-sum": "loss-does-not-add-up",
  repeated: "losses-repeated",
  diverged: "non-finite",
  "no-warmup": "no-warmup",
  "lr-restart": "lr-restarted",
  leak: "validation-leak",
  "random-split": "split-leak",
  "not-pretrained": "not-pretrained",
};

const STYLES: readonly WriteOptions[] = [
  {},
  { language: "zh", eol: "\r\n" },
  { ansi: true, reduction: "mean" },
  { withTqdm: false, debugLoss: false },
];

describe("the original's logs", () => {
  for (const [fault, id] of Object.entries(EXPECTED))
    it(`${fault}: ${id} first`, async () => {
      for (const [seed, style] of STYLES.entries()) {
        // Without the debug lines of the loss these leave no trace that names them.
        if (style.debugLoss === false && fault === "double-centring") continue;
        const [first] = alarms(await diagnosed(text(originalLog(fault as Fault, seed + 1, style))));
        expect([JSON.stringify(style), first]).toEqual([JSON.stringify(style), id]);
      }
    });

  it("healthy: nothing above a note", async () => {
    for (const style of STYLES)
      for (let seed = 1; seed <= 5; seed++)
        expect(alarms(await diagnosed(text(originalLog("healthy", seed, style))))).toEqual([]);
  });

  it("takes 75,000 apart", async () => {
    const [{ findings }] = await diagnosed(text(originalLog("sum-stuck", 1, { debugLoss: false })));
    const all = findings.flatMap((finding) => [finding, ...finding.symptoms]);
    const sum = all.find(({ id }) => id === "loss-is-a-sum")!;
    expect(sum.sentence).toMatch(/32 samples x 63 numbers x 3[78]\.\d+ mm/);
    expect(findings[0].id).toBe("nothing-learns");
  });

  it("quotes the sum of the records: 3845.5 and not 3844.28", async () => {
    const log = `[Epoch 0, Iter 0] Loss breakdown:
  2D keypoint loss: 336.4449
  3D joint loss: 76841.8906
  Prior loss (shape): 70.4199
  Aux loss: 0.0000
  Total loss: 3844.2837
`;
    const [{ findings }] = await diagnosed(text(log));
    expect(findings[0].id).toBe("loss-does-not-add-up");
    expect(findings[0].sentence).toContain("= 3845.53, but line 6 gives a total of 3844.2837");
  });

  it("reads the guide's own sample of problem 1", async () => {
    const log = [0, 1, 2].map((epoch) => `Epoch ${epoch}: MPJPE: 102.152 mm, PA-MPJPE: 48.320 mm\n`).join("");
    const [{ findings }] = await diagnosed(text(log));
    expect(findings[0].id).toBe("zero-predictor");
    expect(findings.map(({ id }) => id)).toContain("evaluation-line-missing");
  });

  it("knows that a PA of 68 mm is impossible", async () => {
    const [{ findings }] = await diagnosed(
      text(
        "Epoch 0: Train Loss = 3826.1758, Val Loss = 3668.8450, LR = 1.00e-05\n  MPJPE: 68.234 mm, PA-MPJPE: 67.988 mm\n",
      ),
    );
    expect(findings[0].id).toBe("metric-impossible");
  });

  it("says that the guide's test of the centred mean is unsound", async () => {
    const [{ findings }] = await diagnosed(text(originalLog("healthy", 1)));
    expect(findings.map(({ id }) => id)).toContain("centred-mean-is-no-test");
  });

  it("stays calm at a PA a little above the MPJPE of a nearly perfect network, and where depth is dropped", async () => {
    const log = (depth: readonly string[]) =>
      `${depth.map((range, k) => `[Debug Batch ${k}]\n  RGB range: [-2.118, 2.640]\n  Depth range: ${range}\n`).join("")}` +
      "  Evaluated on 8332 samples from all 4 GPUs\nEpoch 0: MPJPE: 0.246 mm, PA-MPJPE: 0.263 mm\n";
    for (const depth of [
      ["[0.000, 1.000]", "[0.000, 1.000]", "[1.000, 1.000]"],
      ["[1.000, 1.000]", "[1.000, 1.000]", "[1.000, 1.000]"],
    ])
      expect(alarms(await diagnosed(text(log(depth))))).toEqual([]);
  });

  it("puts consequences below their cause", async () => {
    const [{ findings }] = await diagnosed(text(originalLog("mano-missing", 1)));
    expect(findings[0].symptoms.map(({ id }) => id)).toContain("zero-predictor");
  });
});

describe("other logs", () => {
  it("Lightning: healthy and diverged", async () => {
    const healthy = await diagnosed(text(lightningLog("healthy", 1)));
    expect(healthy[0].run.kind).toBe("lightning");
    expect(alarms(healthy)).toEqual([]);
    expect(alarms(await diagnosed(text(lightningLog("diverged", 1))))[0]).toBe("non-finite");
  });

  it("TensorBoard events", async () => {
    const events = (fault: Fault) => ({ name: "events.out.tfevents.17.host", bytes: eventLog(fault, 1) });
    expect(alarms(await diagnosed(events("healthy")))).toEqual([]);
    for (const [fault, id] of [
      ["zero-predictor", "zero-predictor"],
      ["dead-3d", "dead-3d-gradient"],
      ["nan-as-zero", "nan-scored-as-zero"],
      ["impossible-pa", "metric-impossible"],
      ["bad-sum", "loss-does-not-add-up"],
      ["permuted", "joint-order"],
      ["two-stuck", "two-d-stuck"],
    ] as const)
      expect(alarms(await diagnosed(events(fault)))[0]).toBe(id);
  });

  it("our own runs", async () => {
    const run = async (fault: OwnFault) =>
      alarms(await diagnosed(...ownRun(fault, 1).map(({ name, text }) => ({ name, bytes: utf8(text) }))));
    for (let seed = 1; seed <= 3; seed++) expect(await run("healthy")).toEqual([]);
    for (const [fault, id] of [
      ["frozen-backbone", "frozen-backbone"],
      ["mano-missing", "zero-predictor"],
      ["nan-as-zero", "nan-scored-as-zero"],
      ["unit-doubled", "unit-doubled"],
      ["loss-sum", "loss-is-a-sum"],
      ["no-warmup", "no-warmup"],
      ["outside-map", "sampled-outside-map"],
      ["clipped", "mostly-clipped"],
      ["scheduler-not-restored", "lr-restarted"],
      ["val-rank0-only", "evaluated-on-one-rank"],
    ] as const)
      expect([fault, (await run(fault))[0]]).toEqual([fault, id]);
  });

  it("ignores what it is told to", async () => {
    const book = await readLogs([bytesAsFile("a.log", utf8(originalLog("blank", 1)))]);
    expect(diagnoseLog(book, new Set(["image-blank"]))[0].findings.map(({ id }) => id)).not.toContain("image-blank");
  });
});
