import { describe, expect, it } from "vitest";
import { handForward, joints21 } from "../../../src/data/hand/forward";
import { openHo3d } from "../../../src/data/ho3d";
import { toNumbers } from "../../../src/data/numpy";
import { memorySource } from "../../../src/data/source";
import { syntheticFrameSet } from "../../../src/data/synthetic/frames";
import { type Ho3dVersion, ho3dFrameFiles, ho3dListFiles, ho3dParts } from "../../../src/data/synthetic/write-ho3d";
import { unpickleDictionary } from "../../../src/data/unpickle";
import { openHand } from "../../helpers/open-hand";

const hand = openHand();
const set = syntheticFrameSet(hand, { frames: 6, seed: 9 });
const parts = ho3dParts(set);
const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Float64Array.from(a).reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);

async function tree(version: Ho3dVersion): Promise<Map<string, Uint8Array>> {
  const files = ho3dListFiles(set, parts);
  for (const split of ["train", "evaluation"] as const) {
    for (const id of parts[split])
      for (const [path, bytes] of await ho3dFrameFiles(set, id, split, version)) files.set(path, bytes);
  }
  return files;
}
const v3 = await tree(3);

describe("HO-3D writer", () => {
  it("names every frame once, whole recordings on one side", () => {
    expect([...parts.train, ...parts.evaluation].sort()).toEqual([...set.ids].sort());
    const prefixes = (ids: readonly string[]) => new Set(ids.map((id) => id.slice(0, 3)));
    for (const prefix of prefixes(parts.evaluation)) expect(prefixes(parts.train).has(prefix)).toBe(false);
    expect(parts.evaluation.length).toBeGreaterThan(0);
  });

  it.each([3, 2] as const)("version %i: training frames come back as they were", async (version) => {
    const opened = await openHo3d(memorySource("made", version === 3 ? v3 : await tree(2)), "train");
    expect(opened.version).toBe(version);
    expect(opened.ids).toEqual(parts.train);
    expect(opened.report.dropped.size + opened.report.notes.size).toBe(0);
    for (const id of opened.ids) {
      const [made, read] = [await set.read(id), await opened.read(id)];
      if (made.mano === undefined || read.mano === undefined) throw new Error("no MANO parameters");
      expect(largestGap(read.joints3d, made.joints3d)).toBeLessThan(1e-6);
      expect(largestGap(read.mano.pose.subarray(3), made.mano.pose.subarray(3))).toBe(0);
      expect(read.mano.shape).toEqual(made.mano.shape);
      expect(largestGap(read.mano.trans, made.mano.trans)).toBeLessThan(1e-9);
      expect(read.camera).toEqual(made.camera);
      expect(largestGap(read.depth?.data ?? [], made.depth?.data ?? [])).toBe(0);
      expect(read.depth?.data.length).toBe(640 * 480);
      expect(largestGap(joints21(hand, handForward(hand, read.mano)), read.joints3d)).toBeLessThan(1e-4);
      if (version === 2) expect(Buffer.compare(read.rgb.data, made.rgb.data)).toBe(0);
      const error = read.rgb.data.reduce((sum, value, i) => sum + Math.abs(value - made.rgb.data[i]), 0);
      expect(error / read.rgb.data.length).toBeLessThan(6);
    }
  });

  it("gives evaluation frames the root and a box only, and the truth in the json files", async () => {
    const id = parts.evaluation[0];
    const made = set.annotation(id);
    const opened = await openHo3d(memorySource("made", v3), "evaluation");
    const known = await opened.read(id);
    expect([opened.hasTruth, known.rootOnly, known.mano]).toEqual([true, false, undefined]);
    expect(largestGap(known.joints3d, made.joints3d)).toBeLessThan(1e-6);
    expect(largestGap((await opened.truthVertices(id)) ?? [], made.vertices)).toBeLessThan(1e-6);
    const [x1, y1, x2, y2] = known.box ?? [0, 0, 0, 0];
    expect(x2 - x1).toBeGreaterThan(30);
    expect(y2 - y1).toBeGreaterThan(30);
    const blind = new Map([...v3].filter(([path]) => !path.endsWith(".json")));
    const unknown = await (await openHo3d(memorySource("blind", blind), "evaluation")).read(id);
    expect(unknown.rootOnly).toBe(true);
    expect(largestGap(unknown.joints3d.subarray(0, 3), made.joints3d.subarray(0, 3))).toBeLessThan(1e-9);
  });

  it("writes HO-3D's own fields: OpenGL, hand behind the negative z axis, object corners from its pose", () => {
    const [id] = parts.train;
    const meta = unpickleDictionary(v3.get(`train/${id.replace("/", "/meta/")}.pkl`) ?? new Uint8Array(0), id);
    const numbers = (key: string) => toNumbers(meta.get(key));
    const shapes: Record<string, number[]> = {
      handJoints3D: [21, 3],
      handPose: [48],
      handBeta: [10],
      handTrans: [3],
      camMat: [3, 3],
      objTrans: [3],
      objRot: [3, 1],
      objCorners3D: [8, 3],
      objCorners3DRest: [8, 3],
      handVertContact: [778],
      handVertDist: [778],
      handVertIntersec: [778],
      handVertObjSurfProj: [778, 3],
    };
    for (const [key, shape] of Object.entries(shapes)) expect([key, numbers(key).shape]).toEqual([key, shape]);
    expect(meta.get("camIDList")).toEqual(["0", "1"].slice(0, (meta.get("camIDList") as unknown[]).length));
    expect(typeof meta.get("objName")).toBe("string");
    const joints = numbers("handJoints3D").data;
    for (let j = 2; j < 63; j += 3) expect(joints[j]).toBeLessThan(-0.2);
    // MANO in OpenGL's frame with HO-3D's own parameters gives the wrist that the file states.
    const posed = handForward(hand, {
      pose: numbers("handPose").data,
      shape: numbers("handBeta").data,
      trans: numbers("handTrans").data,
    });
    expect(largestGap(posed.joints16, joints.subarray(0, 48))).toBeLessThan(1e-6);
    const turned = handForward(hand, {
      pose: Float64Array.from({ length: 48 }, (_, i) => (i < 3 ? numbers("objRot").data[i] : 0)),
    }).transforms;
    const rest = numbers("objCorners3DRest").data;
    const corners = Array.from(rest, (_, i) => {
      const row = i % 3;
      const at = i - row;
      return (
        turned[4 * row] * rest[at] +
        turned[4 * row + 1] * rest[at + 1] +
        turned[4 * row + 2] * rest[at + 2] +
        numbers("objTrans").data[row]
      );
    });
    expect(largestGap(corners, numbers("objCorners3D").data)).toBeLessThan(1e-9);
  });
});
