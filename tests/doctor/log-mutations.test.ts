import { expect, it } from "vitest";
import { diagnoseLog, whyNothing } from "../../src/doctor/log/diagnose-log";
import { bytesAsFile, readLogs } from "../../src/doctor/log/read-log";
import { reportJson, reportText } from "../../src/doctor/log/report";
import { concat, eventLog, type Fault, generator, lightningLog, originalLog, ownRun } from "./log-writer";

/** All 5,000 with HANDLOOM_FULL=1; a share of them otherwise. */
const COUNT = process.env.HANDLOOM_FULL ? 5000 : 250;
/** Characters looked at for each byte, over all searches of a line. */
const WORK_PER_BYTE = 160;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const FAULTS: readonly Fault[] = ["healthy", "mano-missing", "nan-as-zero", "double-centring", "lr-restart", "bad-sum"];

/** Short logs of every kind. */
function originals(): { readonly name: string; readonly bytes: Uint8Array }[] {
  const short = (text: string) => text.slice(0, 14_000);
  return [
    ...FAULTS.map((fault, i) => ({ name: "a.log", bytes: utf8(short(originalLog(fault, i))) })),
    { name: "zh.log", bytes: utf8(short(originalLog("healthy", 9, { language: "zh", eol: "\r\n" }))) },
    { name: "hamer.log", bytes: utf8(short(lightningLog("healthy", 1))) },
    { name: "events.out.tfevents.1", bytes: eventLog("healthy", 1).subarray(0, 14_000) },
    { name: "metrics.jsonl", bytes: utf8(short(ownRun("healthy", 1)[2].text)) },
  ];
}

const HOSTILE = [
  "1e999",
  "-".repeat(500),
  "9".repeat(400),
  "[".repeat(300),
  "nan",
  "Epoch -1: MPJPE: 1 mm\n",
  "Epoch 99999999999: Train Loss = 1\n",
  '{"step":1e308,"split":"train","losses":{"total_loss":1e308}}\n',
  '{"step":0,"split":"val","baselines":{"zero_pose":[]},"losses":[1]}\n',
  "{".repeat(200),
  "\u001b[".repeat(50),
  "Evaluated on -3 samples from all 0 GPUs\n",
  "__proto__: 1, constructor: 2, w_3d_joint: 1e400\n",
] as const;

function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const at = () => Math.floor(random() * bytes.length);
  const kind = Math.floor(random() * 6);
  if (kind === 0) return bytes.slice(0, at());
  if (kind === 1) {
    const copy = bytes.slice();
    for (let i = 0; i < 1 + random() * 60; i++) copy[at()] ^= 1 << Math.floor(random() * 8);
    return copy;
  }
  if (kind === 2) {
    const lines = new TextDecoder("latin1").decode(bytes).split("\n");
    for (let i = 0; i < 1 + random() * 20; i++) {
      const [a, b] = [Math.floor(random() * lines.length), Math.floor(random() * lines.length)];
      [lines[a], lines[b]] = [lines[b], lines[a]];
    }
    return Uint8Array.from(lines.join("\n"), (c) => c.charCodeAt(0));
  }
  const [a, b] = [at(), at()].sort((x, y) => x - y);
  if (kind === 3) return concat([bytes.subarray(0, b), bytes.subarray(a, b), bytes.subarray(a)]);
  if (kind === 4) return concat([bytes.subarray(0, a), bytes.subarray(b)]);
  const text = utf8(HOSTILE[Math.floor(random() * HOSTILE.length)]);
  return concat([bytes.subarray(0, a), text, bytes.subarray(a)]);
}

it(`reads ${COUNT} damaged logs with bounded work`, async () => {
  const random = generator(20_26);
  const sources = originals();
  for (let i = 0; i < COUNT; i++) {
    const { name, bytes } = sources[i % sources.length];
    let damaged = mutated(bytes, random);
    if (random() < 0.3) damaged = mutated(damaged.length > 0 ? damaged : bytes, random);
    const book = await readLogs([bytesAsFile(name, damaged)]);
    const [file] = book.files;
    expect(file.scanned).toBeLessThanOrEqual(WORK_PER_BYTE * (damaged.length + 100));
    const diagnoses = diagnoseLog(book);
    expect(reportText(book, diagnoses).length).toBeGreaterThan(0);
    expect(() => JSON.parse(JSON.stringify(reportJson(book, diagnoses)))).not.toThrow();
    whyNothing(book);
  }
});

it("does work in proportion to the bytes, whatever they are", async () => {
  const hostile = [
    "Epoch ".repeat(40_000),
    "mpjpe ".repeat(40_000),
    `${"[".repeat(1000)}it/s\n`.repeat(200),
    "'".repeat(200_000),
    `${"1".repeat(8000)}e\n`.repeat(25),
    "\u001b[0;".repeat(50_000),
    `${"\r".repeat(1000)}\n`.repeat(200),
    "loss=".repeat(1000).concat("\n").repeat(40),
    `x%|it/s, ${"a=1, ".repeat(1500)}]\n`.repeat(25),
  ];
  for (const text of hostile) {
    const bytes = utf8(text);
    const { files } = await readLogs([bytesAsFile("x.log", bytes)]);
    expect(files[0].scanned).toBeLessThanOrEqual(WORK_PER_BYTE * bytes.length);
  }
});
