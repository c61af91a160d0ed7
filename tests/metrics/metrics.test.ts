import { describe, expect, it } from "vitest";
import { auc } from "../../src/metrics/auc";
import { MeanPose, meanPoseAt, zeroPose } from "../../src/metrics/baselines";
import { Evaluation } from "../../src/metrics/evaluation";
import { fScores } from "../../src/metrics/f-score";
import type { MetricName } from "../../src/metrics/judge";
import { mpjpe, mpjpeAbsolute, mpvpe, paMpjpe, paMpvpe, scaleAndTranslate } from "../../src/metrics/mpjpe";
import { mean } from "../../src/metrics/points";
import { align, procrustes, procrustesOfHo3d, transform } from "../../src/metrics/procrustes";
import { judgeSample } from "../../src/metrics/sample-scores";
import { pseudoRandom } from "../helpers/check-op";

const cloud = (count: number, seed: number, size = 0.1): Float64Array =>
  Float64Array.from(pseudoRandom(3 * count, seed), (x) => size * x);

/** Rotation about an axis, row-major, by Rodrigues' formula. */
function rotation(axis: readonly number[], angle: number): Float64Array {
  const n = Math.hypot(...axis);
  const [x, y, z] = axis.map((a) => a / n);
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  const k = [0, -z, y, z, 0, -x, -y, x, 0];
  return Float64Array.from({ length: 9 }, (_, i) => {
    const [r, col] = [Math.floor(i / 3), i % 3];
    return (r === col ? c : 0) + s * k[i] + (1 - c) * [x, y, z][r] * [x, y, z][col];
  });
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));

describe("procrustes", () => {
  it.each([0, 1e-8, 0.5, Math.PI / 2, Math.PI - 1e-6, Math.PI])("recovers a turn by %d, scale and shift", (angle) => {
    const points = cloud(21, 3);
    for (const axis of [
      [1, 0, 0],
      [0, 0, 1],
      [1, -2, 0.5],
    ]) {
      const known = {
        scale: 1.7,
        rotation: rotation(axis, angle),
        translation: [0.3, -2, 1] as const,
        collapsed: false,
      };
      const truth = transform(known, points);
      const found = procrustes(points, truth);
      expect(found.scale).toBeCloseTo(1.7, 12);
      expect(largest(found.rotation, known.rotation)).toBeLessThan(1e-9);
      expect(largest(align(points, truth), truth)).toBeLessThan(1e-12);
    }
  });

  it("never reflects: a mirrored hand stays wrong, by a proper rotation", () => {
    const points = cloud(21, 4);
    const mirrored = points.map((x, i) => (i % 3 === 0 ? -x : x));
    const { rotation: r } = procrustes(mirrored, points);
    const determinant =
      r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
    expect(determinant).toBeCloseTo(1, 12);
    expect(paMpjpe(mirrored, points)).toBeGreaterThan(10);
  });

  it("as HO-3D's script does it, reflects where that is closer, and only there", () => {
    const points = cloud(21, 4);
    const mirrored = points.map((x, i) => (i % 3 === 0 ? -x : x));
    const reflection = procrustesOfHo3d(mirrored, points);
    expect(largest(transform(reflection, mirrored), points)).toBeLessThan(1e-7);
    expect(reflection.rotation[0] * reflection.rotation[4] * reflection.rotation[8]).toBeCloseTo(-1, 6);
    expect(procrustes(mirrored, points).mirrorIsCloser).toBe(true);
    const close = points.map((x, i) => x + 0.01 * pseudoRandom(63, 5)[i]);
    expect(procrustes(close, points).mirrorIsCloser).toBe(false);
    expect(largest(transform(procrustesOfHo3d(close, points), close), align(close, points))).toBeLessThan(1e-7);
    const planar = points.map((x, i) => (i % 3 === 2 ? 0 : x));
    expect(procrustes(planar, points).mirrorIsCloser).toBe(false);
  });

  it("is the best of many similarities near it", () => {
    const [pred, truth] = [cloud(21, 5), cloud(21, 6)];
    const cost = (points: Float64Array): number => points.reduce((s, x, i) => s + (x - truth[i]) ** 2, 0);
    const best = procrustes(pred, truth);
    const least = cost(transform(best, pred));
    for (let k = 0; k < 60; k++) {
      const [a, b, c, d, e, f, g] = pseudoRandom(7, 100 + k).map((x) => 1e-3 * x);
      const small = rotation([a, b, c + 1e-9], Math.hypot(a, b, c));
      const turned = Float64Array.from({ length: 9 }, (_, i) =>
        [0, 1, 2].reduce((s, j) => s + small[3 * Math.floor(i / 3) + j] * best.rotation[3 * j + (i % 3)], 0),
      );
      const [x, y, z] = best.translation;
      const other = { ...best, rotation: turned, scale: best.scale + d, translation: [x + e, y + f, z + g] as const };
      expect(cost(transform(other, pred))).toBeGreaterThanOrEqual(least);
    }
  });

  it("planar, collinear and two-point sets align exactly; a collapsed one is called so", () => {
    for (const keep of [
      [1, 1, 0],
      [1, 0, 0],
    ]) {
      const points = cloud(21, 7).map((x, i) => x * keep[i % 3]);
      const truth = transform(
        { scale: 2, rotation: rotation([1, 1, 0], 2), translation: [1, 2, 3], collapsed: false },
        points,
      );
      expect(largest(align(points, truth), truth)).toBeLessThan(1e-12);
    }
    const truth = cloud(21, 8);
    const still = new Float64Array(63).fill(0.4);
    expect(procrustes(still, truth)).toMatchObject({ collapsed: true, scale: 0 });
    const centroid = [0, 1, 2].map((c) =>
      mean(
        "",
        truth.filter((_, i) => i % 3 === c),
      ),
    );
    expect(
      largest(
        align(still, truth),
        truth.map((_, i) => centroid[i % 3]),
      ),
    ).toBeLessThan(1e-12);
    expect(() => procrustes(still.fill(Number.NaN), truth)).toThrow("procrustes: a coordinate is not a finite number");
    expect(() => procrustes(new Float64Array(6), truth)).toThrow("procrustes: 6 predicted and 63 true coordinates");
  });
});

describe("distances", () => {
  it("a shift of 10 mm is 10.000 mm absolute, 0 relative to the wrist and 0 after alignment", () => {
    const truth = cloud(21, 9);
    const pred = truth.map((x, i) => (i % 3 === 2 ? x + 0.01 : x));
    expect(mpjpeAbsolute(pred, truth)).toBeCloseTo(10, 9);
    expect(mpjpe(pred, truth)).toBeCloseTo(0, 9);
    expect(paMpjpe(pred, truth)).toBeCloseTo(0, 9);
    const finger = truth.slice();
    finger[62] += 0.021;
    expect(mpjpe(finger, truth)).toBeCloseTo(1, 9);
  });

  it("scale and translation come from the wrist and one bone", () => {
    const truth = cloud(21, 9);
    const wrong = truth.map((x, i) => 2.5 * x + [1, -2, 3][i % 3]);
    expect(largest(scaleAndTranslate(wrong, truth)!, truth)).toBeLessThan(1e-12);
    // Another bone's length changes nothing but its own joint.
    wrong[62] += 0.1;
    expect(mpjpeAbsolute(scaleAndTranslate(wrong, truth)!, truth)).toBeCloseTo(100 / 2.5 / 21, 9);
    wrong[9 * 3] = wrong[0];
    wrong[9 * 3 + 1] = wrong[1];
    wrong[9 * 3 + 2] = wrong[2];
    expect(scaleAndTranslate(wrong, truth)).toBeUndefined();
  });

  it("vertices are relative to the wrist joints, which are not vertices", () => {
    const truth = cloud(50, 10);
    const pred = truth.map((x) => x + 0.01);
    const wrist = Float64Array.of(1, 2, 3);
    expect(
      mpvpe(
        pred,
        truth,
        wrist.map((x) => x + 0.01),
        wrist,
      ),
    ).toBeCloseTo(0, 9);
    expect(mpvpe(pred, truth, wrist, wrist)).toBeCloseTo(10 * Math.sqrt(3), 9);
    expect(paMpvpe(pred, truth)).toBeCloseTo(0, 9);
  });

  it("refuses to average nothing", () => {
    expect(() => mpjpe(new Float64Array(0), new Float64Array(0))).toThrow("expected the same 3 N > 0");
    expect(() => mean("MPJPE", [])).toThrow("MPJPE: no valid sample");
  });
});

describe("auc", () => {
  it("equals the trapezoids over 100 thresholds up to 50 mm", () => {
    const errors = [
      0,
      0.2,
      50 / 99,
      0.51,
      7,
      20.2,
      49.9,
      50,
      50.01,
      300,
      ...pseudoRandom(50, 11).map((x) => 40 * Math.abs(x)),
    ];
    const thresholds = Array.from({ length: 100 }, (_, i) => (i * 50) / 99);
    const pck = thresholds.map((t) => errors.filter((e) => e <= t).length / errors.length);
    let area = 0;
    for (let i = 1; i < 100; i++) area += ((pck[i] + pck[i - 1]) / 2) * (thresholds[i] - thresholds[i - 1]);
    expect(auc(errors)).toBeCloseTo(area / 50, 12);
    expect([auc([0]), auc([51])]).toEqual([1, 0]);
  });
});

describe("fScores", () => {
  it("equals the exhaustive search, for near, far and differently sized meshes", () => {
    const truth = cloud(300, 12, 0.08);
    for (const [seed, amount, count] of [
      [13, 0.002, 300],
      [14, 0.01, 300],
      [15, 0.03, 200],
      [16, 5, 10],
    ]) {
      const noise = pseudoRandom(900, seed);
      const pred = truth.slice(0, 3 * count).map((x, i) => x + amount * noise[i]);
      const share = (a: Float64Array, b: Float64Array, t: number): number => {
        let near = 0;
        for (let i = 0; i < a.length; i += 3) {
          let least = Number.POSITIVE_INFINITY;
          for (let j = 0; j < b.length; j += 3)
            least = Math.min(least, Math.hypot(a[i] - b[j], a[i + 1] - b[j + 1], a[i + 2] - b[j + 2]));
          if (least < t) near++;
        }
        return near / (a.length / 3);
      };
      const expected = [0.005, 0.015].map((t) => {
        const [p, r] = [share(pred, truth, t), share(truth, pred, t)];
        return p + r === 0 ? 0 : (2 * p * r) / (p + r);
      });
      expect(largest(fScores(pred, truth, [5, 15]), expected)).toBeLessThan(1e-12);
    }
  });
});

describe("MeanPose", () => {
  it("is a hand although the training hands are seen from all sides", () => {
    const hand = cloud(21, 20);
    const mean = new MeanPose();
    // The same hand turned by quarter turns about z: the plain mean would lie on the axis.
    for (const [c, s] of [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ]) {
      const turned = hand.map((_, i) => {
        const at = i - (i % 3);
        return [c * hand[at] - s * hand[at + 1], s * hand[at] + c * hand[at + 1], hand[at + 2]][i % 3];
      });
      mean.add(turned);
    }
    expect(paMpjpe(mean.joints, hand)).toBeLessThan(1e-6);
    expect(mean.joints.subarray(0, 3)).toEqual(Float64Array.of(0, 0, 0));
  });
});

describe("Evaluation", () => {
  const truth = cloud(21, 20);
  const near = (seed: number): Float64Array => truth.map((x, i) => x + 0.005 * pseudoRandom(63, seed)[i]);

  it("means over samples, with baselines, groups and the same bits however samples are dealt", () => {
    const meanPose = new MeanPose();
    meanPose.add(truth);
    meanPose.add(truth.map((x) => x + 1));
    expect(largest(meanPoseAt(meanPose.joints, truth), truth)).toBeLessThan(1e-12);
    const samples = Array.from({ length: 7 }, (_, i) => ({
      id: `s${i}`,
      joints: near(i),
      truthJoints: truth,
      vertices: near(i),
      truthVertices: truth,
      modality: i < 3 ? ("RGB" as const) : ("RGB-D" as const),
      sequence: i % 2 === 0 ? "SM1" : "MPM10",
    }));
    const all = new Evaluation({ meanPose: meanPose.joints });
    for (const s of samples) all.add(s);
    const dealt = new Evaluation({ meanPose: meanPose.joints });
    const verdicts = samples.map((s) => judgeSample(s, { meanPose: meanPose.joints }));
    for (const i of [1, 3, 5, 0, 2, 4, 6]) dealt.take(JSON.parse(JSON.stringify(verdicts[i])));
    const summary = all.summary();
    expect(dealt.summary()).toEqual(summary);
    expect(dealt.report()).toEqual(all.report());
    expect(summary).toMatchObject({ samples: 7, valid: 7, non_finite: 0, duplicates: 0, collapsed: 0, mirrored: 0 });
    const value = (name: MetricName): number => summary.metrics[name].value!;
    expect(value("mpjpe_mm")).toBeCloseTo(
      mean(
        "",
        samples.map((s) => mpjpe(s.joints, truth)),
      ),
      9,
    );
    expect(value("mpvpe_mm")).toBeCloseTo(value("mpjpe_mm"), 9);
    const { zero_pose, mean_pose } = summary.baselines;
    expect(zero_pose.mpjpe_mm?.value).toBeCloseTo(mpjpe(zeroPose(truth), truth), 9);
    expect(zero_pose.mpvpe_mm?.value).toBeCloseTo(mpjpe(zeroPose(truth), truth), 9);
    expect(zero_pose.pa_f_15mm?.n).toBe(7);
    expect(mean_pose.mpjpe_mm?.value).toBeCloseTo(0, 9);
    // No bone to scale by, no mean mesh, and at the true wrist by construction.
    expect(zero_pose).not.toHaveProperty("st_mpjpe_mm");
    expect(mean_pose).not.toHaveProperty("mpvpe_mm");
    expect(mean_pose).not.toHaveProperty("mpjpe_absolute_mm");
  });

  it("by modality, sequence and joint", () => {
    const evaluation = new Evaluation();
    const late = near(4);
    late[62] += 0.01;
    evaluation.add({ id: "SM1/0", joints: near(1), truthJoints: truth, modality: "RGB-D", sequence: "SM1" });
    evaluation.add({ id: "SM1/1", joints: near(2), truthJoints: truth, modality: "RGB-D", sequence: "SM1" });
    evaluation.add({ id: "AP10/0", joints: late, truthJoints: truth, modality: "RGB-D", sequence: "AP10" });
    const lost = new Float64Array(63).fill(Number.NaN);
    evaluation.add({ id: "BB10/0", joints: lost, truthJoints: truth, modality: "RGB-D", sequence: "BB10" });
    const report = evaluation.report();
    expect(report.modalities["RGB-D"]).toMatchObject({ samples: 4, valid: 3, non_finite: 1 });
    expect(report.modalities.RGB.metrics.mpjpe_mm).toEqual({
      value: null,
      n: 0,
      refused: "MPJPE: no sample was judged, so there is no value",
    });
    expect(Object.keys(report.sequences)).toEqual(["AP10", "BB10", "SM1"]);
    expect(report.sequences.SM1.metrics.mpjpe_mm).toEqual({
      value: (mpjpe(near(1), truth) + mpjpe(near(2), truth)) / 2,
      n: 2,
    });
    expect(report.sequences.BB10.metrics.pa_mpjpe_mm.refused).toContain("1 predictions are not finite");
    expect(report.non_finite_ids).toEqual(["BB10/0"]);
    expect(report.joints).toHaveLength(21);
    expect(report.joints[0]).toMatchObject({ joint: 0, n: 3, mpjpe_mm: 0, auc: 1 });
    const joint = (j: number): number => report.joints[j].mpjpe_mm!;
    const mean21 = report.joints.reduce((sum, { mpjpe_mm }) => sum + mpjpe_mm!, 0) / 21;
    expect(mean21).toBeCloseTo(report.metrics.mpjpe_mm.value!, 9);
    const auc21 = report.joints.reduce((sum, { auc: area }) => sum + area!, 0) / 21;
    expect(auc21).toBeCloseTo(report.metrics.auc_joints.value!, 9);
    expect(joint(20)).toBeGreaterThan(joint(19));
    const { thresholds_mm, joints } = report.pck;
    expect([thresholds_mm.length, thresholds_mm[0], thresholds_mm[99]]).toEqual([100, 0, 50]);
    let area = 0;
    for (let k = 1; k < 100; k++)
      area += ((joints![k] + joints![k - 1]) / 2) * (thresholds_mm[k] - thresholds_mm[k - 1]);
    expect(area / 50).toBeCloseTo(report.metrics.auc_joints.value!, 9);
  });

  it("averages the errors of meshes over the samples that have one, and says how many those are", () => {
    const evaluation = new Evaluation();
    for (const i of [0, 1, 2]) evaluation.add({ id: `bare ${i}`, joints: near(i), truthJoints: truth });
    expect(evaluation.summary().metrics).toMatchObject({
      mpjpe_mm: { n: 3 },
      mpvpe_mm: {
        value: null,
        n: 0,
        refused: "MPVPE: no valid sample among 3, so there is no value: no true mesh is known for a finite prediction",
      },
    });
    const meshed = [3, 4].map((i) => ({
      joints: near(i),
      truthJoints: truth,
      vertices: near(i),
      truthVertices: truth,
    }));
    for (const [i, sample] of meshed.entries()) evaluation.add({ id: `meshed ${i}`, ...sample });
    const broken = near(5);
    broken[7] = Number.NaN;
    evaluation.add({ id: "lost", joints: near(5), truthJoints: truth, vertices: broken, truthVertices: truth });
    const summary = evaluation.summary();
    expect(summary).toMatchObject({ samples: 6, valid: 5, non_finite: 1 });
    const { mpvpe_mm, mpjpe_mm, f_5mm } = summary.metrics;
    expect([mpvpe_mm.n, mpjpe_mm.n, f_5mm.n]).toEqual([2, 5, 2]);
    const errors = meshed.map(({ joints }) => mpjpe(joints, truth));
    expect(mpvpe_mm.value).toBeCloseTo((errors[0] + errors[1]) / 2, 9);
    expect(mpvpe_mm.value).not.toBeCloseTo(mpjpe_mm.value!, 3);
  });

  it("counts non-finite predictions, never replaces them, and has no metric without a valid sample", () => {
    const evaluation = new Evaluation();
    const broken = near(1);
    broken[40] = Number.NaN;
    expect(evaluation.add({ id: "a", joints: broken, truthJoints: truth })).toBeUndefined();
    for (const measure of Object.values(evaluation.summary().metrics)) {
      expect(measure).toMatchObject({ value: null, n: 0 });
      expect(measure.refused).toMatch(/: no valid sample among 1, so there is no value: 1 predictions are not finite$/);
    }
    expect(evaluation.report().pck.joints).toBeNull();
    evaluation.add({ id: "b", joints: near(2), truthJoints: truth });
    evaluation.add({ id: "b", joints: new Float64Array(63), truthJoints: truth });
    expect(evaluation.summary()).toMatchObject({ samples: 3, valid: 2, non_finite: 1, duplicates: 1, collapsed: 1 });
    // The collapsed one has no bone to scale by.
    expect(evaluation.summary().metrics).toMatchObject({ mpjpe_mm: { n: 2 }, st_mpjpe_mm: { n: 1 } });
    expect(() => evaluation.add({ id: "c", joints: truth, truthJoints: broken })).toThrow(
      "sample c: true joints hold a non-finite number",
    );
    expect(() => evaluation.add({ id: "d", joints: truth, truthJoints: cloud(20, 1) })).toThrow(
      "sample d: 21 joints and 0 vertices predicted, 20 and 0 expected",
    );
  });

  it("the quirk nan-as-zero reports the zero pose's calm figures", () => {
    const quirk = new Evaluation({ nanAsZero: true });
    quirk.add({ id: "a", joints: new Float64Array(63).fill(Number.NaN), truthJoints: truth });
    const summary = quirk.summary();
    expect(summary.metrics.mpjpe_mm.value).toBeCloseTo(summary.baselines.zero_pose.mpjpe_mm!.value!, 9);
    expect(summary).toMatchObject({ samples: 1, valid: 1, non_finite: 1 });
  });
});
