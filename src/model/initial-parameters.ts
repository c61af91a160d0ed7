import type { Tape } from "../autograd/tape";
import type { Tensor } from "../autograd/tensor";
import { matrixFromAxisAngle, sixDFromMatrix } from "../data/hand/rotations";
import { Module } from "../nn/module";
import { Parameter } from "../nn/parameter";
import type { MeanParameters } from "./types";

/**
 * The mean pose, shape and camera as state, under the original's names init_hand_pose, init_betas, init_cam.
 * Pose is [1, 96] (6D: the first two columns of each rotation, one after the other) or [1, 48] (axis-angle).
 */
export class InitialParameters extends Module {
  readonly initCam: Parameter;
  readonly initHandPose: Parameter;
  readonly initBetas: Parameter;
  /** Initial rotation of each joint, [16][6 or 3], and their mean, [6 or 3]. */
  protected readonly meanRotations: readonly (readonly number[])[];
  protected readonly meanRotation: readonly number[];

  constructor(
    private readonly jointRep: "6d" | "aa",
    mean: MeanParameters,
  ) {
    super();
    const pose = jointRep === "aa" ? Array.from(mean.pose) : sixD(mean.pose);
    const size = pose.length / 16;
    this.meanRotations = Array.from({ length: 16 }, (_, k) => pose.slice(size * k, size * (k + 1)));
    this.meanRotation = Array.from({ length: size }, (_, i) =>
      pose.reduce((sum, x, at) => sum + (at % size === i ? x / 16 : 0), 0),
    );
    const state = (values: readonly number[]): Parameter =>
      new Parameter([1, values.length], { kind: "values", values }, { trainable: false });
    this.initCam = state(Array.from(mean.camera));
    this.initHandPose = state(pose);
    this.initBetas = state(Array.from(mean.shape));
  }

  /** pose [16, 6 or 3], shape [1, 10], raw camera [1, 3]. */
  initial(tape: Tape): { readonly pose: Tensor; readonly shape: Tensor; readonly camera: Tensor } {
    const pose = tape.reshape(this.initHandPose.on(tape), [16, this.jointRep === "6d" ? 6 : 3]);
    return { pose, shape: this.initBetas.on(tape), camera: this.initCam.on(tape) };
  }
}

function sixD(axisAngles: ArrayLike<number>): number[] {
  return Array.from({ length: 16 }, (_, k) => [...sixDFromMatrix(matrixFromAxisAngle(axisAngles, 3 * k))]).flat();
}
