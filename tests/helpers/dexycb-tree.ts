/**
 * Frames as a raw DexYCB tree: the layout of NVlabs/dex-ycb-toolkit, poses in the principal components of each side's MANO
 * file, left hands by the left file as it is. Written from the layout's description alone: shares no code with the reader.
 */
import { encodeDepthMillimetres } from "../../src/data/depth16";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { encodeJpeg } from "../../src/data/jpeg";
import { mirrorFrame } from "../../src/data/mirror";
import { type PickleValue, writePickle } from "../../src/data/pickle-write";
import { random } from "../../src/data/random";
import type { Frame, HandModel } from "../../src/data/types";
import { npz } from "./npz";

/** A hand whose file has principal components: random orthonormal rows, and a mean pose of some size. */
export function withComponents(hand: HandModel, seed: number): HandModel & { readonly handsComponents: Float64Array } {
  const rng = random(seed, "principal-components", 0, "");
  const rows: number[][] = [];
  while (rows.length < 45) {
    const row = Array.from({ length: 45 }, () => rng.normal());
    for (const other of rows) {
      const along = row.reduce((sum, value, i) => sum + value * other[i], 0);
      for (let i = 0; i < 45; i++) row[i] -= along * other[i];
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  const handsMean = Float64Array.from({ length: 45 }, () => 0.2 * rng.normal());
  return { ...hand, handsMean, handsComponents: Float64Array.from(rows.flat()) };
}

/** The bytes of a MANO .pkl with the tensors of `hand`. */
export function manoPickle(hand: HandModel): Uint8Array {
  const { vertexCount: v } = hand;
  const floats = (data: ArrayLike<number>, ...shape: number[]): PickleValue => ({ dtype: "f8", shape, data });
  const parents = Array.from(hand.parents, (parent) => (parent < 0 ? 2 ** 32 - 1 : parent));
  return writePickle(
    new Map<string, PickleValue>([
      ["v_template", floats(hand.vTemplate, v, 3)],
      ["shapedirs", floats(hand.shapedirs, v, 3, 10)],
      ["posedirs", floats(hand.posedirs, v, 3, 135)],
      ["J_regressor", floats(hand.jRegressor, 16, v)],
      ["weights", floats(hand.weights, v, 16)],
      ["f", floats(hand.faces, hand.faces.length / 3, 3)],
      ["kintree_table", floats([...parents, ...parents.keys()], 2, 16)],
      ["hands_mean", floats(hand.handsMean, 45)],
      ["hands_components", floats(hand.handsComponents ?? [], 45, 45)],
    ]),
  );
}

/** One sequence to write: a place among its subject's hundred, and what each camera sees. */
export interface DexYcbShot {
  readonly subject: string;
  /** 0 to 99. */
  readonly place: number;
  readonly side: "right" | "left";
  /** Folders of the cameras, whose calibration they share with all other sequences. */
  readonly serials: readonly string[];
  /** By camera, then frame. Undefined is a frame that shows no hand. The frames are of right hands; left ones are mirrored. */
  readonly views: readonly (readonly (Frame | undefined)[])[];
  readonly shape: Float64Array;
}

/** The files of each side, before they are mirrored: `left` has left-hand vertices. */
export interface DexYcbHands {
  readonly right: HandModel;
  readonly left: HandModel;
}

/** Name of the sequence at a place. */
export function sessionName(place: number): string {
  return `20200709_14${String(place).padStart(2, "0")}00`;
}

function labelFile(frame: Frame | undefined, side: "right" | "left", hands: DexYcbHands): Uint8Array {
  const label = new Float64Array(51);
  let joints: Float64Array = new Float64Array(63).fill(-1);
  if (frame !== undefined) {
    const mano = frame.mano;
    const hand = hands[side];
    if (mano === undefined || hand.handsComponents === undefined) throw new Error("the label needs MANO parameters");
    const { pose, trans } = mano;
    label.set(pose.subarray(0, 3));
    for (let k = 0; k < 45; k++) {
      for (let i = 0; i < 45; i++) {
        label[3 + k] += hand.handsComponents[45 * k + i] * (pose[3 + i] - hand.handsMean[i]);
      }
    }
    label.set(trans, 48);
    joints = joints21(hand, handForward(hand, mano));
  }
  return npz({
    seg: { dtype: "u1", shape: [480, 640], data: new Uint8Array(480 * 640) },
    pose_y: { dtype: "f4", shape: [1, 3, 4], data: new Float32Array(12) },
    pose_m: { dtype: "f4", shape: [1, 51], data: label },
    joint_3d: { dtype: "f4", shape: [1, 21, 3], data: joints },
    joint_2d: { dtype: "f4", shape: [1, 21, 2], data: new Float32Array(42).fill(-1) },
  });
}

/** Path to bytes of a tree whose subjects have all their hundred sequences; those that are not shots have no frames. */
export function dexYcbFiles(shots: readonly DexYcbShot[], hands: DexYcbHands): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (path: string, lines: readonly string[]): void => {
    files.set(path, new TextEncoder().encode(`${lines.join("\n")}\n`));
  };
  for (const subject of new Set(shots.map((shot) => shot.subject))) {
    for (let place = 0; place < 100; place++) {
      const folder = `${subject}/${sessionName(place)}`;
      const shot = shots.find((each) => each.subject === subject && each.place === place);
      const name = `20200709_140042_${subject}_${place}`;
      const betas = [...(shot?.shape ?? new Float64Array(10))];
      text(`calibration/mano_${name}/mano.yml`, ["betas:", ...betas.map((beta) => `- ${beta}`)]);
      text(`${folder}/meta.yml`, [
        "extrinsics: '20200702_151821'",
        ...["mano_calib:", `- ${name}`, "mano_sides:", `- ${shot?.side ?? "right"}`],
        `num_frames: ${shot?.views[0].length ?? 0}`,
        ...["serials:", ...(shot?.serials ?? ["836212060125"]).map((serial) => `- '${serial}'`)],
        ...["ycb_grasp_ind: 0", "ycb_ids:", "- 1"],
      ]);
      for (const [camera, view] of (shot?.views ?? []).entries()) {
        const some = view.find((frame) => frame !== undefined);
        if (shot === undefined || some === undefined) continue;
        const [fx, fy, cx, cy] = (shot.side === "left" ? mirrorFrame(some) : some).camera;
        text(`calibration/intrinsics/${shot.serials[camera]}_640x480.yml`, [
          ...["color:", `  fx: ${fx}`, `  fy: ${fy}`, `  ppx: ${cx}`, `  ppy: ${cy}`],
          ...["depth:", "  fx: 1.0", "  fy: 1.0", "  ppx: 0.0", "  ppy: 0.0"],
        ]);
        for (const [number, right] of view.entries()) {
          const at = (kind: string): string =>
            `${folder}/${shot.serials[camera]}/${kind}${String(number).padStart(6, "0")}`;
          const frame = right !== undefined && shot.side === "left" ? mirrorFrame(right) : right;
          const shown = frame ?? some;
          files.set(`${at("color_")}.jpg`, encodeJpeg(shown.rgb, 92));
          if (shown.depth) files.set(`${at("aligned_depth_to_color_")}.png`, encodeDepthMillimetres(shown.depth));
          files.set(`${at("labels_")}.npz`, labelFile(frame, shot.side, hands));
        }
      }
    }
  }
  return files;
}
