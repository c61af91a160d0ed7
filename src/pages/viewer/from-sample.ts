/** Hands and picture of the viewer from what the ranks say of a sample. */
import type { SampleView } from "../../train/events";
import type { LookView } from "../../train/inspect/types";
import type { ViewerPicture } from "./overlay";
import type { ViewerHand } from "./scene";

/** Truth and prediction as skeletons: a SampleView has no vertices in 3D and no camera. */
export function handsOfSample({
  joints3dTrue,
  joints3dPredicted,
}: Pick<SampleView, "joints3dTrue" | "joints3dPredicted">): readonly ViewerHand[] {
  const metres = (millimetres: Float32Array): Float32Array => millimetres.map((value) => value / 1000);
  return [
    { name: "true", joints: metres(joints3dTrue), colour: "--ink", isTruth: true },
    { name: "predicted", joints: metres(joints3dPredicted), colour: "--accent", isByFinger: true },
  ];
}

/** Truth, coarse and refined hand with their meshes; the refined one carries the errors of its vertices. */
export function handsOfLook({ truth, coarse, refined, faces, errors }: LookView): readonly ViewerHand[] {
  const metres = errors.verticesMm?.map((value) => value / 1000);
  return [
    { name: "true", ...placeOf(truth), vertices: truth.vertices, faces, colour: "--series-3", isTruth: true },
    { name: "coarse", ...placeOf(coarse), vertices: coarse.vertices, faces, colour: "--series-4" },
    {
      name: "refined",
      ...placeOf(refined),
      vertices: refined.vertices,
      faces,
      errors: metres,
      colour: "--series-1",
      isByFinger: true,
    },
  ];
}

const placeOf = ({ joints, wrist }: Pick<LookView["truth"], "joints" | "wrist">) => ({ joints, origin: wrist });

/**
 * The crop with the camera that its labels were made with. Its focal length and principal point are in sides S of the square,
 * from the middle of the input.
 */
export function pictureOfLook({ crop, width, height, trueFocal, principal }: LookView): ViewerPicture {
  const focal = trueFocal * height;
  return {
    k: [focal, focal, width / 2 + principal[0] * height, height / 2 + principal[1] * height],
    width,
    height,
    rgba: crop.rgba,
  };
}
