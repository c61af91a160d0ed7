import { expect, test } from "vitest";
import { cropRecord } from "../../src/data/crop";
import { memoryCrops } from "../../src/data/crop-set";
import { newReport } from "../../src/data/import-report";
import { MANO_TIPS } from "../../src/data/mano-file";
import { type DataSummary, spreadIds, summarise, summaryLines, summaryOf } from "../../src/data/summary";
import { histogram, quantile } from "../../src/data/summary/histogram";
import { measureRecord } from "../../src/data/summary/measure";
import type { CropRecord, Frame, HandModel } from "../../src/data/types";
import { smallHand, testFrame } from "./helpers";

const COUNT = 16;

/** A frame in whose depth image the surface lies 12 mm in front of the wrist; every frame has another picture. */
function goodFrame(index: number): Frame {
  const frame = testFrame(index, { width: 240, height: 200 });
  const { width, height } = frame.rgb;
  const data = frame.rgb.data.map((value, i) => (value + 7 * index + (i % 5)) % 256);
  const depth = new Float32Array(width * height).fill(frame.joints3d[2] - 0.012);
  return { ...frame, rgb: { width, height, data }, depth: { width, height, data: depth } };
}

const records = Array.from({ length: COUNT }, (_, i) => cropRecord(goodFrame(i), { size: 64 }));

/** The summary of sixteen good records after `change`. */
async function summaryWith(
  change: (record: CropRecord, index: number) => CropRecord = (record) => record,
  options: Parameters<typeof summarise>[1] = {},
): Promise<DataSummary> {
  const crops = memoryCrops("planted", records.map(change));
  return summarise(crops, { hand: smallHand(), known: { frames: COUNT, what: "this test" }, ...options });
}

const check = (summary: DataSummary, name: string) => summary.checks.find((each) => each.name === name)!;

test("a good set passes every check that can be made of it", async () => {
  const summary = await summaryWith();
  // The made-up hand of the fixtures is no hand's size; its parameters give its joints.
  expect(
    summary.checks.filter(({ name }) => name !== "hand-size").map(({ name, verdict }) => `${name} ${verdict}`),
  ).toEqual([
    "count good",
    "in-front good",
    "in-picture good",
    "mano good",
    "depth good",
    "not-blank good",
    "duplicates good",
  ]);
  expect(check(summary, "count").sentence).toBe("16 frames kept, none dropped; this test has 16.");
  expect(summary).toMatchObject({ name: "planted", frames: 16, recordings: 4, camera: { distinct: 1 } });
  expect(summary.looked).toHaveLength(16);
  expect(summary.pose).toHaveLength(15);
  expect(JSON.parse(JSON.stringify(summary))).toEqual(structuredClone(summary));
});

test("OpenGL labels are found behind the camera, with the frames", async () => {
  const flipped = await summaryWith((record, i) =>
    i === 5 ? { ...record, joints3d: record.joints3d.map((x, k) => (k % 3 === 0 ? x : -x)) } : record,
  );
  const found = check(flipped, "in-front");
  expect(found.verdict).toBe("bad");
  expect(found.sentence).toMatch(/^1 frame of 16 have joints behind the camera .*OpenGL/);
  expect(found.examples).toEqual([records[5].id]);
});

test("millimetres taken for metres are found by distance and by hand size", async () => {
  const summary = await summaryWith((record) => ({ ...record, joints3d: record.joints3d.map((x) => 1000 * x) }));
  expect(check(summary, "in-front").verdict).toBe("look");
  expect(check(summary, "in-front").sentence).toContain("check the unit");
  expect(check(summary, "hand-size").verdict).toBe("bad");
});

test("another camera matrix puts the joints outside of the picture", async () => {
  const summary = await summaryWith((record) => ({ ...record, camera: [660, 663, 600, 500] }));
  const found = check(summary, "in-picture");
  expect(found.verdict).toBe("bad");
  expect(found.sentence).toMatch(/^\d+(\.\d)? % of 336 projected joints/);
  expect(found.examples).toHaveLength(16);
});

test("parameters that do not give the joints are found, and wrong tips told apart", async () => {
  const turned = await summaryWith((record) => {
    const pose = record.mano!.pose.slice();
    pose[0] += 0.01;
    return { ...record, mano: { ...record.mano!, pose } };
  });
  expect(check(turned, "mano").verdict).toBe("bad");
  expect(check(turned, "mano").sentence).toContain("root rotation");
  const tips = await summaryWith((record) => ({
    ...record,
    joints3d: record.joints3d.map((x, k) => (Math.floor(k / 3) % 4 === 0 && k > 2 ? x + 0.001 : x)),
  }));
  expect(check(tips, "mano").verdict).toBe("look");
  expect(check(tips, "mano").sentence).toContain("tip vertices");
  const tenth = await summaryWith((record) => ({
    ...record,
    joints3d: record.joints3d.map((x, k) => (k === 30 ? x + 0.00011 : x)),
  }));
  expect(check(tenth, "mano").verdict).toBe("bad");
  const without = await summaryWith(undefined, { hand: undefined });
  expect(check(without, "mano")).toMatchObject({
    verdict: "unknown",
    sentence: expect.stringContaining("choose the MANO file"),
  });
});

test("OpenHand with a real data set's labels asks for the MANO file, MANO itself does not", async () => {
  // Labels of another mesh: every joint lies somewhat elsewhere.
  const other = (record: CropRecord): CropRecord => ({ ...record, joints3d: record.joints3d.map((x) => 1.01 * x) });
  const openHand: HandModel = { ...smallHand(), name: "OpenHand" };
  const found = check(await summaryWith(other, { hand: openHand }), "mano");
  expect(found.verdict).toBe("bad");
  expect(found.sentence).toMatch(
    /^At most [\d.]+ mm between .* of OpenHand and the joints, over 16 frames: OpenHand is not MANO, .* choose your MANO file \(MANO_RIGHT\.pkl\)/,
  );
  const mano: HandModel = { ...openHand, name: "MANO_RIGHT.pkl", tips: MANO_TIPS.ho3d };
  const facts = records.map((record) => measureRecord(other(record), openHand));
  const crops = memoryCrops("planted", records);
  expect(check(summaryOf(crops, facts, { hand: mano }), "mano").sentence).toContain("MANO_RIGHT.pkl and the joints");
  expect(check(summaryOf(crops, facts, { hand: mano }), "mano").sentence).not.toContain("choose");

  const note = "MANO parameters left out: choose MANO_RIGHT.pkl";
  const without = records.map((record) => ({ ...record, mano: undefined }));
  const report = { ...newReport(), kept: COUNT, notes: new Map([[note, { count: COUNT, example: records[0].id }]]) };
  const summary = await summarise(memoryCrops("planted", without, report), { hand: openHand });
  expect(check(summary, "mano").sentence).toContain(`not supervised (${note}).`);
});

test("depth with exchanged bytes, of another unit or missing is found", async () => {
  const swapped = await summaryWith((record) => ({
    ...record,
    depth: record.depth!.map((value) => ((value & 255) << 8) | (value >> 8)),
  }));
  expect(check(swapped, "depth").verdict).toBe("bad");
  const thinner = await summaryWith((record, i) => (i === 0 ? { ...record, depth: undefined } : record));
  expect(check(thinner, "depth")).toMatchObject({
    verdict: "look",
    sentence: expect.stringContaining("1 frame of 16 have no depth image"),
  });
  const none = await summaryWith((record) => ({ ...record, depth: undefined }));
  expect(check(none, "depth").verdict).toBe("unknown");
  const empty = await summaryWith((record) => ({ ...record, depth: record.depth!.map(() => 0) }));
  expect(check(empty, "depth")).toMatchObject({
    verdict: "bad",
    sentence: expect.stringContaining("none has a reading"),
  });
});

test("blank pictures, equal pictures and ids that occur twice are found", async () => {
  const blank = await summaryWith((record, i) => (i < 2 ? { ...record, rgb: record.rgb.map(() => 90) } : record));
  expect(check(blank, "not-blank")).toMatchObject({ verdict: "bad", examples: [records[0].id, records[1].id] });
  expect(check(blank, "duplicates").verdict).toBe("good");
  const twin = { rgb: records[0].rgb, width: records[0].width, height: records[0].height };
  const equal = await summaryWith((record, i) => (i === 9 ? { ...record, ...twin } : record));
  expect(check(equal, "duplicates")).toMatchObject({
    verdict: "look",
    sentence: expect.stringContaining(`first ${records[0].id} and ${records[9].id}`),
  });
  const crops = memoryCrops("planted", records);
  const named = await summarise({ ...crops, ids: [...crops.ids, crops.ids[3]] });
  expect(check(named, "duplicates")).toMatchObject({
    verdict: "bad",
    sentence: expect.stringContaining("1 of 17 ids occur twice"),
  });
});

test("the count is held against what the data set is known to have", async () => {
  const short = await summaryWith(undefined, { known: { frames: 20, what: "the whole" } });
  expect(check(short, "count")).toMatchObject({
    verdict: "bad",
    sentence:
      "16 frames kept, none dropped; the whole has 20: 4 are missing; the download or the unpacking is incomplete.",
  });
  const part = await summaryWith(undefined, { known: { frames: 20, what: "the whole" }, isPart: true });
  expect(check(part, "count").verdict).toBe("good");
  const report = {
    ...newReport(),
    kept: 16,
    dropped: new Map([["rgb file missing", { count: 4, example: "SYA0/0099" }]]),
  };
  const dropped = await summarise(memoryCrops("planted", records, report), {
    known: { frames: 20, what: "the whole" },
  });
  expect(check(dropped, "count")).toMatchObject({
    verdict: "look",
    sentence: "16 frames kept, 4 dropped (most: 4 x rgb file missing, first SYA0/0099); the whole has 20.",
    examples: ["SYA0/0099"],
  });
});

test("a leak of the split is named, and a set that cannot be split says so", async () => {
  expect((await summaryWith()).split).toMatchObject({ by: "recording", shared: [], warning: undefined });
  const leaking = await summaryWith(undefined, { split: { by: "frame", fraction: 0.3 } });
  expect(leaking.split.shared.length).toBeGreaterThan(0);
  expect(leaking.split.warning).toContain("split by recording");
  expect(leaking.sequences.some(({ side }) => side === "both")).toBe(true);
  const one = await summarise(memoryCrops("one", records.slice(0, 2)));
  expect(one.split.warning).toContain("expected at least 2 to split by recording");
});

test("visibility tells a hidden joint from one outside, and from a hole in the depth", async () => {
  const near = await summaryWith((record) => ({ ...record, depth: record.depth!.map((value) => value - 1600) }));
  expect(near.visibility[9].shares.hidden).toBe(1);
  const hole = await summaryWith((record) => ({ ...record, depth: record.depth!.map(() => 0) }));
  expect(hole.visibility[9].shares["no reading"]).toBe(1);
  const away = await summaryWith((record) => ({ ...record, x0: record.x0 + 500 }));
  expect(away.visibility[9].shares.outside).toBe(1);
});

test("bins are round, hold every value and count what is missing", () => {
  const values = Array.from({ length: 100 }, (_, i) => 401 + 3.7 * i);
  const made = histogram("distance", "mm", [...values, undefined, Number.NaN])!;
  expect(made.counts.reduce((a, b) => a + b)).toBe(100);
  expect(made.counts.length).toBeLessThanOrEqual(24);
  expect(made).toMatchObject({ from: 400, step: 20, n: 100, missing: 2, low: 401 });
  for (const [bin, n] of made.counts.entries()) {
    const [low, high] = [made.from + bin * made.step, made.from + (bin + 1) * made.step];
    expect(n).toBe(values.filter((value) => value >= low && value < high).length);
  }
  expect(histogram("equal", "mm", [5, 5, 5])!.counts).toEqual([3]);
  expect(histogram("none", "mm", [undefined])).toBeUndefined();
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
});

test("the selection spreads over all sequences and over their time", () => {
  const ids = [30, 300, 3].flatMap((n, s) =>
    Array.from({ length: n }, (_, i) => `S${s}/${String(i).padStart(4, "0")}`),
  );
  const chosen = spreadIds(ids, 33);
  const per = (sequence: number) => chosen.filter((id) => id.startsWith(`S${sequence}/`)).length;
  expect(chosen).toHaveLength(33);
  expect(new Set(chosen).size).toBe(33);
  expect([per(0), per(1), per(2)]).toEqual([4, 28, 1]);
  expect(spreadIds(ids, 2)).toHaveLength(2);
  expect(spreadIds(ids, 1000)).toEqual(ids);
  expect(chosen).toEqual([...chosen].sort((a, b) => ids.indexOf(a) - ids.indexOf(b)));
});

test("the terminal's lines name the set, its cameras, its split and each check", async () => {
  const lines = summaryLines(await summaryWith());
  expect(lines[0]).toBe(
    "planted: 16 frames in 8 sequences of 4 recordings; distributions and checks from 16 frames spread over all",
  );
  expect(lines.find((line) => line.includes("Distance of the wrist"))).toMatch(
    /[▁▂▃▄▅▆▇█].* mm; 5 % \d+, median \d+, 95 % \d+ \(n = 16\)/,
  );
  expect(lines.filter((line) => line.startsWith("  ok  "))).toHaveLength(7);
  expect(lines).toContain("  no recording is on both sides");
});
