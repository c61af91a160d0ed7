/** Makes OpenHand from the WebXR generic hand: the steps in order, and the bytes of the shipped file. */
import { axesFromJoints } from "../../data/hand/anatomy";
import { meshEdges } from "../../data/hand/asset";
import { vertexNormals } from "../../data/synthetic/raster";
import type { HandModel } from "../../data/types";
import { poseCorrectiveDirections, relaxedPose, shapeDirections } from "./directions";
import { readSkinnedMesh } from "./glb";
import { openWrist, simplifyTo, weldSeams } from "./mesh";
import { jointPositions, jointRegressor, mergeWeights, RIG_JOINTS, RIG_TIPS, smoothWeights, toManoFrame } from "./rig";

const VERTEX_COUNT = 778;
/** Out of the cut of the wrist in the rig's frame, and how thick the lid over it may be; metres. */
const WRIST_OUTWARD = [0.331, 0.9436, 0];
const LID_THICKNESS = 0.0015;
const WEIGHT_SMOOTHING_ROUNDS = 2;
const PARENTS = [-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];

/** What a build gives, with the numbers worth printing. */
export interface OpenHandBuild {
  readonly model: HandModel;
  /** Rest joints of the rig in MANO's order, [16][3] metres, in the model's frame. */
  readonly rigJoints: readonly (readonly number[])[];
  readonly weldedVertices: number;
  readonly weldedFaces: number;
  /** Simplification error relative to the size of the hand. */
  readonly simplificationError: number;
}

/** Builds the model from the bytes of `generic-hand/right.glb`. The same bytes in give the same model out. */
export async function buildOpenHand(glb: ArrayBuffer, name: string): Promise<OpenHandBuild> {
  const rig = readSkinnedMesh(glb, name);
  const welded = weldSeams(rig);
  const { mesh, error } = await simplifyTo(openWrist(welded, WRIST_OUTWARD, LID_THICKNESS), VERTEX_COUNT);
  const points = Array.from({ length: VERTEX_COUNT }, (_, v) => toManoFrame(mesh.positions.subarray(3 * v, 3 * v + 3)));
  // MANO's origin lies in the middle of the hand too, so that the wrist's own translation is not zero.
  const centre = [0, 1, 2].map((c) => points.reduce((sum, point) => sum + point[c], 0) / VERTEX_COUNT);
  const centred = (point: readonly number[]): number[] => point.map((value, c) => Math.fround(value - centre[c]));
  const vertices = Float64Array.from(points.flatMap(centred));
  const joints = jointPositions(rig, RIG_JOINTS).map(centred);
  const tipJoints = jointPositions(rig, RIG_TIPS).map(centred);
  const faces = mesh.faces;
  const weights = smoothWeights(mergeWeights(mesh, rig), meshEdges(faces), WEIGHT_SMOOTHING_ROUNDS);
  const normals = vertexNormals(vertices, faces);
  const tips = tipJoints.map((tip, i) => tipVertex(vertices, joints[[15, 3, 6, 12, 9][i]], tip));
  const tipPoints = tips.map((tip) => Array.from(vertices.subarray(3 * tip, 3 * tip + 3)));
  const axes = axesFromJoints(joints.flat(), tipPoints);
  const rest = { vertices, normals, weights, joints, tips: tipPoints, axes };
  const [thumb, index, middle, ring, pinky] = tips;
  const model: HandModel = {
    name: "OpenHand",
    vertexCount: VERTEX_COUNT,
    shapeCount: 10,
    vTemplate: vertices,
    shapedirs: shapeDirections(rest),
    posedirs: poseCorrectiveDirections(rest),
    jRegressor: jointRegressor(vertices, joints),
    weights,
    faces,
    parents: Int32Array.from(PARENTS),
    handsMean: relaxedPose(axes),
    tips: [thumb, index, middle, ring, pinky],
  };
  return {
    model,
    rigJoints: joints,
    weldedVertices: welded.positions.length / 3,
    weldedFaces: welded.faces.length / 3,
    simplificationError: error,
  };
}

/** The vertex farthest along the last bone. */
function tipVertex(vertices: Float64Array, from: readonly number[], to: readonly number[]): number {
  let best = -1;
  let farthest = Number.NEGATIVE_INFINITY;
  const bone = to.map((value, c) => value - from[c]);
  const length = Math.sqrt(bone.reduce((sum, value) => sum + value * value, 0));
  for (let v = 0; 3 * v < vertices.length; v++) {
    const d = bone.map((_, c) => vertices[3 * v + c] - from[c]);
    const along = d.reduce((sum, value, c) => sum + (value * bone[c]) / length, 0);
    const across = d.reduce((sum, value) => sum + value * value, 0) - along * along;
    // Neighbouring fingers may reach farther.
    if (across < 0.008 * 0.008 && along < 0.06 && along > farthest) {
      farthest = along;
      best = v;
    }
  }
  return best;
}

/** The model as safetensors bytes under MANO's names, float32 and uint32. */
export function encodeHandAsset(model: HandModel): Uint8Array {
  const v = model.vertexCount;
  const tree = Uint32Array.from([...Array.from(model.parents, (parent) => parent >>> 0), ...model.parents.keys()]);
  const tensors: readonly [string, readonly number[], Float32Array | Uint32Array][] = [
    ["v_template", [v, 3], Float32Array.from(model.vTemplate)],
    ["shapedirs", [v, 3, model.shapeCount], Float32Array.from(model.shapedirs)],
    ["posedirs", [v, 3, 135], Float32Array.from(model.posedirs)],
    ["J_regressor", [16, v], Float32Array.from(model.jRegressor)],
    ["weights", [v, 16], Float32Array.from(model.weights)],
    ["f", [model.faces.length / 3, 3], model.faces],
    ["kintree_table", [2, 16], tree],
    ["hands_mean", [45], Float32Array.from(model.handsMean)],
    ["tips", [5], Uint32Array.from(model.tips)],
  ];
  let end = 0;
  const header: Record<string, unknown> = {
    __metadata__: {
      name: "OpenHand",
      license: "MIT, see LICENSE beside this file",
      units: "metres, right hand, fingers -x, thumb +z, palm -y",
      tips: "thumb, index, middle, ring, pinky",
    },
  };
  for (const [key, shape, values] of tensors) {
    const begin = end;
    end += values.byteLength;
    header[key] = { dtype: values instanceof Float32Array ? "F32" : "U32", shape, data_offsets: [begin, end] };
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  const out = new Uint8Array(8 + json.length + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  let at = 8 + json.length;
  for (const [, , values] of tensors) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return out;
}
