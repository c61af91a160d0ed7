import { describe, expect, it } from "vitest";
import { whyNothing } from "../../src/doctor/log/diagnose-log";
import { LineSplitter, plain } from "../../src/doctor/log/lines";
import { bytesAsFile, LogFileReader, readLogs } from "../../src/doctor/log/read-log";
import { sparkline } from "../../src/doctor/log/report";
import { readNumber, Scanner } from "../../src/doctor/log/scanner";
import { type LogBook, type LogRun, seriesOf } from "../../src/doctor/log/types";
import { eventFileHeader, scalarEvent } from "../../src/export/tfevents";
import { concat, eventLog, originalLog, ownRun } from "./log-writer";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (bytes: Uint8Array | string, name = "a.log"): Promise<LogBook> =>
  readLogs([bytesAsFile(name, typeof bytes === "string" ? utf8(bytes) : bytes)]);
const valuesOf = (run: LogRun, ...which: Parameters<typeof seriesOf> extends [LogRun, ...infer R] ? R : never) =>
  seriesOf(run, ...which)?.points.map(({ value }) => value);

describe("lines", () => {
  const split = (...chunks: readonly (string | Uint8Array)[]) => {
    const lines: [number, string][] = [];
    const splitter = new LineSplitter((text, line) => lines.push([line, text]));
    for (const chunk of chunks) splitter.push(typeof chunk === "string" ? utf8(chunk) : chunk);
    splitter.end();
    return { lines, notes: splitter.notes };
  };

  it("end at \\n, \\r\\n and \\r, in any chunks", () => {
    const expected = [
      [1, "one"],
      [2, "two"],
      [3, "10%"],
      [3, "20%"],
      [4, "last"],
    ];
    expect(split("one\ntwo\r\n10%\r20%\r\nlast").lines).toEqual(expected);
    expect(split(..."one\ntwo\r\n10%\r20%\r\nlast").lines).toEqual(expected);
    expect(split("one\n").notes.partial).toBe(false);
    expect(split("one\ntw").notes.partial).toBe(true);
  });

  it("lose colours and titles", () => {
    expect(plain("\u001b[1;32mloss\u001b[0m: 1\t2")).toBe("loss: 1 2");
    expect(plain("\u001b]0;title\u0007x")).toBe("x");
    expect(plain("\u001b[")).toBe("");
  });

  it("in GB18030 are read where they are no UTF-8", () => {
    // 训练损失 in GBK
    const gbk = Uint8Array.of(0xd1, 0xb5, 0xc1, 0xb7, 0xcb, 0xf0, 0xca, 0xa7, 0x0a);
    const { lines, notes } = split(gbk, "x\n");
    expect(lines[0][1]).toBe("训练损失");
    expect(notes.damaged).toBe(1);
  });

  it("in UTF-16 are read", () => {
    const text = "Epoch 0: MPJPE: 50.000 mm\n";
    const bytes = new Uint8Array(2 + 2 * text.length);
    bytes.set([0xff, 0xfe]);
    for (let i = 0; i < text.length; i++) bytes[2 + 2 * i] = text.charCodeAt(i);
    expect(split(bytes.subarray(0, 7), bytes.subarray(7)).lines).toEqual([[1, text.trim()]]);
  });

  it("are cut when they are far too long", () => {
    const { lines, notes } = split("x".repeat(20_000), "y\nz\n");
    expect(lines.map(([, text]) => text.length)).toEqual([8192, 1]);
    expect(notes.cut).toBeGreaterThan(0);
  });
});

describe("numbers", () => {
  it("are read as Python writes them", () => {
    const scan = new Scanner();
    scan.take("lr: 1.2e-05, loss = nan, total=-inf, mean: .5, 12, x: 3.");
    expect(scan.after("lr")).toBe(1.2e-5);
    expect(scan.after("loss")).toBeNaN();
    expect(scan.after("total")).toBe(Number.NEGATIVE_INFINITY);
    expect(scan.numbers(scan.at("mean"), 2)).toEqual([0.5, 12]);
    expect(scan.after("x")).toBe(3);
    expect(readNumber("+1e3")).toBe(1000);
    expect(scan.after("nothing")).toBeUndefined();
  });
});

describe("the original's log", () => {
  it("gives series, debug fields, facts and lines", async () => {
    const { runs } = await read(originalLog("healthy", 1));
    expect(runs.length).toBe(1);
    const [run] = runs;
    expect(run.kind).toBe("original");
    expect(valuesOf(run, "mpjpe", "val")?.length).toBe(12);
    expect(valuesOf(run, "loss_3d_joint")?.length).toBe(72);
    expect(run.breakdowns.length).toBe(72);
    expect(run.evaluated[0]).toMatchObject({ samples: 8332, ranks: 4 });
    expect(run.facts).toMatchObject({ ranks: 4, batch: 32, warmup_epochs: 5, loaded_tensors: 386 });
    expect(run.debugBatches.length).toBe(3);
    expect(run.debugBatches[1]).toMatchObject({
      ...{ index: 1, rgb: [-2.118, 2.64], depth: [0, 1], gtRoot: [31.2, -12.8, 612.4], centredMean: 17.284 },
    });
    expect(run.debugLosses[2]).toMatchObject({ elementMean: 38.1, gtMeanAfter: 17.284, value: 76809.6 });
  });

  it("says the same in both languages, with any line ends, without tqdm and in one-byte chunks", async () => {
    const bytes = utf8(originalLog("healthy", 2));
    const reader = new LogFileReader("a.log");
    for (let i = 0; i < bytes.length; i += 7) reader.push(bytes.subarray(i, i + 7));
    const { builders } = reader.end();
    const chunked = builders[0].finish("a.log");
    const english = (await read(bytes)).runs[0];
    expect(chunked.series).toEqual(english.series);
    for (const text of [
      originalLog("healthy", 2, { language: "zh" }),
      originalLog("healthy", 2, { eol: "\r\n" }),
      originalLog("healthy", 2, { ansi: true }),
    ]) {
      const [other] = (await read(text)).runs;
      for (const name of ["mpjpe", "epoch_loss"] as const)
        expect(valuesOf(other, name, "val")).toEqual(valuesOf(english, name, "val"));
      for (const name of ["loss_2d", "loss_3d_joint", "total_loss", "epoch_loss", "lr"] as const)
        expect([name, valuesOf(other, name)]).toEqual([name, valuesOf(english, name)]);
      expect(other.evaluated.map(({ samples, ranks }) => [samples, ranks])).toEqual(
        english.evaluated.map(({ samples, ranks }) => [samples, ranks]),
      );
    }
  });

  it("divides a file into its runs", async () => {
    const { runs } = await read(originalLog("healthy", 1) + originalLog("blank", 2) + originalLog("lr-restart", 3));
    expect(runs.map(({ isResumed }) => isResumed)).toEqual([false, false, false, true]);
    expect(runs.map((run) => valuesOf(run, "mpjpe", "val")?.length)).toEqual([12, 12, 8, 6]);
  });

  it("reads interleaved ranks and prints behind a progress bar", async () => {
    const log = `[rank0]: [Debug 3D Loss]
[rank1]: [Debug 3D Loss]
[rank0]:   Before centering - Pred mean: 1.000, std: 2.000
[rank1]:   Before centering - Pred mean: 3.000, std: 4.000
Epoch 0:  10%|█ | 58/585 [00:31<02:10,  3.71it/s, loss=3.84e+03][Epoch 0, Iter 100] Loss breakdown:
  2D keypoint loss: 336.4449
  3D joint loss: 76841.8906`;
    const [run] = (await read(log)).runs;
    expect(run.debugLosses.map(({ predMean, predStd }) => [predMean, predStd])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(valuesOf(run, "loss_3d_joint")).toEqual([76841.8906]);
    expect(run.series.find(({ name }) => name === "progress_loss")?.last.value).toBe(3840);
  });
});

describe("other kinds", () => {
  it("event files: scalars, and a damaged tail", async () => {
    const whole = eventLog("healthy", 1);
    const [run] = (await read(whole, "events.out.tfevents.1.h")).runs;
    expect(run.kind).toBe("events");
    expect(valuesOf(run, "mpjpe", "val")?.length).toBe(12);
    const cut = await read(whole.subarray(0, whole.length - 9), "events.out.tfevents.1.h");
    expect(valuesOf(cut.runs[0], "mpjpe", "val")?.length).toBe(11);
    expect(cut.files[0].notes[0]).toContain("cut off");
    const broken = whole.slice();
    broken[500] ^= 0xff;
    const { runs, files } = await read(broken, "events.out.tfevents.1.h");
    expect(files[0].notes.join()).toMatch(/damaged|no record/);
    expect(valuesOf(runs[0], "mpjpe", "val")?.length).toBe(12);
  });

  it("event files: scalars as tensors, in small chunks", () => {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setFloat32(0, 12.5, true);
    const nested = (field: number, content: readonly number[]) => [(field << 3) | 2, content.length, ...content];
    const tensor = [8, 1, ...nested(4, [...value])];
    const summary = nested(1, [...nested(1, [...utf8("val/loss")]), ...nested(8, tensor)]);
    const framed = frame([0x10, 7, ...nested(5, summary)]);
    const bytes = concat([eventFileHeader(1), framed, scalarEvent(8, 1, { "val/loss": 3 })]);
    const reader = new LogFileReader("x");
    for (const byte of bytes) reader.push(Uint8Array.of(byte));
    const run = reader.end().builders[0].finish("x");
    expect(valuesOf(run, "total_loss", "val")).toEqual([12.5, 3]);
  });

  it("a folder of ours is one run", async () => {
    const book = await readLogs(ownRun("healthy", 1).map(({ name, text }) => bytesAsFile(name, utf8(text))));
    expect(book.runs.length).toBe(1);
    const [run] = book.runs;
    expect(run.kind).toBe("handloom");
    expect(run.facts).toMatchObject({ w_3d_joint: 10, batch: 16, warmup_steps: 20, val_samples: 100 });
    expect(run.clipped).toEqual({ steps: 336, clipped: 0 });
    expect(run.baselines.zero).toEqual({ mpjpe: 97.421, pa: 45.11 });
    expect(valuesOf(run, "lr_backbone")?.length).toBe(336);
  });

  it("says why there is nothing", async () => {
    const book = await read("Dear diary,\ntoday I trained nothing.\n", "diary.txt");
    expect(whyNothing(book)).toContain("| Dear diary,");
    expect(whyNothing(await read("", "empty.log"))).toContain("empty.log (0 bytes)");
    expect(whyNothing(await read(originalLog("healthy", 1)))).toBeUndefined();
  });

  it("keeps a bounded book of a long log", async () => {
    const line = (n: number) =>
      JSON.stringify({ step: n, epoch: 0, split: "train", losses: { total_loss: 1 / n }, lr: 1 });
    const log = Array.from({ length: 20_000 }, (_, i) => line(i + 1)).join("\n");
    const [run] = (await read(log, "metrics.jsonl")).runs;
    const total = seriesOf(run, "total_loss")!;
    expect(total.count).toBe(20_000);
    expect(total.points.length).toBeLessThan(4200);
    expect([total.first.step, total.last.step]).toEqual([1, 20_000]);
  });
});

it("draws a curve", () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe("▁▂▃▄▅▆▇█");
  expect(sparkline([1, Number.NaN, 1])).toBe("▄×▄");
  expect(sparkline([])).toBe("");
});

/** A record round a message, with its checksums, through the writer's own framing. */
function frame(message: readonly number[]): Uint8Array {
  const length = new Uint8Array(8);
  length[0] = message.length;
  return concat([length, mask(length), Uint8Array.from(message), mask(Uint8Array.from(message))]);
}

function mask(bytes: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const value = (crc ^ 0xffffffff) >>> 0;
  const masked = (((value >>> 15) | (value << 17)) + 0xa282ead8) >>> 0;
  return Uint8Array.from([0, 8, 16, 24], (shift) => masked >>> shift);
}
