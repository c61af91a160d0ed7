import { describe, expect, it } from "vitest";
import { parsePageMessage } from "../../src/cli/run-in-browser";
import { base64, messagesOf, sendFiles } from "../../src/pages/report";
import { makeDownload, pathsOf } from "../../src/pages/train/exports";
import type { TrainEvent } from "../../src/train/events";
import { evaluationRecord, faultRecord, runInfo, sampleView, stepRecord } from "../helpers/scripted-rank";

const options = {
  name: "tiny-1",
  config: undefined as never,
  data: { kind: "synthetic", frames: 8, seed: 1 },
  hand: { kind: "openhand" },
} as const;
const bytes = (text: string) => new TextEncoder().encode(text);

describe("report", () => {
  it("makes messages that the terminal accepts", () => {
    const events: TrainEvent[] = [
      { type: "status", text: "rendering synthetic frames", done: 16, total: 64 },
      { type: "status", text: "rendering synthetic frames", done: 17, total: 64 },
      { type: "started", run: runInfo(options, 60) },
      { type: "log", line: "Epoch 0" },
      { type: "step", record: stepRecord(3) },
      { type: "evaluation", record: evaluationRecord(10) },
      { type: "sample", view: sampleView("train", 0, 3) },
      { type: "fault", record: faultRecord(9) },
      { type: "checkpoint", step: 10, name: "step-000010", sizeBytes: 1e6 },
      { type: "paused", step: 3 },
      { type: "finished", step: 60, reason: "done" },
      { type: "error", message: "broken" },
    ];
    const messages = events.flatMap((event) => messagesOf(event, 60));
    for (const message of messages) expect(parsePageMessage(JSON.stringify(message))).toEqual(message);
    expect(
      messages.filter((message) => "line" in message && String(message.line).startsWith("rendering")),
    ).toHaveLength(1);
    expect(messages[0]).toEqual({ type: "log", line: "rendering synthetic frames 16/64" });
    expect(messages).toContainEqual({
      type: "progress",
      step: 3,
      steps: 60,
      loss: stepRecord(3).losses.total_loss,
      ms: stepRecord(3).ms,
    });
  });

  it("sends a large file in pieces that join to the same bytes, and an empty one too", async () => {
    const large = new Uint8Array(7_000_001).map((_, i) => (i * 31) & 255);
    const sent: { name: string; base64: string; append: boolean; more: boolean }[] = [];
    const send = (message: object) => sent.push(message as (typeof sent)[number]);
    await sendFiles(send, [
      { path: "a.bin", bytes: large },
      { path: "empty.txt", bytes: new Uint8Array() },
    ]);
    expect(sent.map(({ name, append, more }) => [name, append, more])).toEqual([
      ["a.bin", false, true],
      ["a.bin", true, true],
      ["a.bin", true, false],
      ["empty.txt", false, false],
    ]);
    const joined = Buffer.concat(sent.map((piece) => Buffer.from(piece.base64, "base64")));
    expect(joined.equals(Buffer.from(large))).toBe(true);
    expect(base64(bytes("hand"))).toBe("aGFuZA==");
  });
});

describe("exports", () => {
  const files = [
    "config.yaml",
    "metrics.jsonl",
    "events.out.tfevents.000000.handloom",
    "checkpoints/step-000010/model.safetensors",
    "checkpoints/step-000060/model.safetensors",
    "checkpoints/step-000060/state.json",
  ].map((path) => ({ path, bytes: bytes(path) }));

  const paths = files.map(({ path }) => path);
  const read = async (wanted: string) => files.find(({ path }) => path === wanted)!.bytes;

  it("picks the files of each kind", () => {
    expect(pathsOf("tfevents", paths)).toEqual(["events.out.tfevents.000000.handloom"]);
    expect(pathsOf("checkpoint", paths)).toEqual([
      "checkpoints/step-000060/model.safetensors",
      "checkpoints/step-000060/state.json",
    ]);
    expect(pathsOf("run", paths)).toHaveLength(files.length);
  });

  it("zips what is several files and refuses what is none", async () => {
    const { unzipSync } = await import("fflate");
    const { name, blob } = await makeDownload("run", "tiny-1", paths, read);
    expect(name).toBe("tiny-1.zip");
    const entries = unzipSync(new Uint8Array(await blob.arrayBuffer()));
    expect(Object.keys(entries)).toEqual(paths.map((path) => `tiny-1/${path}`));
    expect(new TextDecoder().decode(entries["tiny-1/config.yaml"])).toBe("config.yaml");
    const single = await makeDownload("metrics", "tiny-1", paths, read);
    expect([single.name, await single.blob.text()]).toEqual(["tiny-1-metrics.jsonl", "metrics.jsonl"]);
    await expect(makeDownload("metrics", "tiny-1", [], read)).rejects.toThrow(/no file for "metrics"/);
  });

  it("reads one file after the other, large ones in pieces, until it is cancelled", async () => {
    const { unzipSync } = await import("fflate");
    const weights = new Uint8Array(9 << 20).map((_, i) => i >> 3);
    const seen: string[] = [];
    const readLarge = async (path: string) => (path.endsWith(".safetensors") ? weights : read(path));
    const options = { onProgress: (done: number, total: number) => seen.push(`${done}/${total}`) };
    const { blob } = await makeDownload("checkpoint", "tiny-1", paths, readLarge, options);
    expect(seen).toEqual(["0/2", "1/2"]);
    const entries = unzipSync(new Uint8Array(await blob.arrayBuffer()));
    expect(Buffer.from(entries["tiny-1/checkpoints/step-000060/model.safetensors"]).equals(weights)).toBe(true);
    const cancel = new AbortController();
    const asked: string[] = [];
    const made = makeDownload(
      "run",
      "tiny-1",
      paths,
      async (path) => {
        asked.push(path);
        if (asked.length === 2) cancel.abort(new Error("a change of mind"));
        return read(path);
      },
      { signal: cancel.signal },
    );
    await expect(made).rejects.toThrow("a change of mind");
    expect(asked).toHaveLength(2);
  });
});
