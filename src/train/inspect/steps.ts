/**
 * A training sample, one step of its augmentation after the other. Every random number of a sample is drawn from a stream of its
 * own purpose, so a step that is switched off leaves the others as they are, and the last picture is what was trained on.
 */
import type { AugmentOptions } from "../../data/augment";
import { cropAngle, mapPoint } from "../../data/crop";
import type { CropRecord, Sample } from "../../data/types";
import { greyOf } from "../sample-view";
import { pictureOf, toInputPixels } from "./pictures";
import type { AugmentStep } from "./types";

type Range = Exclude<keyof AugmentOptions, "rotationRate" | "shiftRate" | "occlusionSize">;

/** In the order in which `makeSample` applies them; the first one changes nothing. */
const STEPS: readonly { readonly name: AugmentStep["name"]; readonly ranges: readonly Range[] }[] = [
  { name: "crop", ranges: [] },
  { name: "rotation", ranges: ["rotation"] },
  { name: "scale", ranges: ["scale"] },
  { name: "shift", ranges: ["shift"] },
  { name: "colour", ranges: ["brightness", "contrast", "saturation", "hue", "channelGain"] },
  { name: "depth noise", ranges: ["depthNoise", "depthHoles", "depthShift"] },
  { name: "occlusion", ranges: ["occlusion"] },
  { name: "dropped depth", ranges: ["dropDepth"] },
];

const RANGES = STEPS.flatMap(({ ranges }) => ranges);

export interface StepsOptions {
  readonly height: number;
  readonly width: number;
  /** What training changes. */
  readonly augment: AugmentOptions;
  /** The sample of a record under other ranges of the augmentation. */
  readonly make: (augment: AugmentOptions) => Promise<Sample>;
}

/** The steps of the sample of `record`; the last one has the ranges of `augment` itself. */
export async function augmentSteps(
  record: CropRecord,
  { height, width, augment, make }: StepsOptions,
): Promise<AugmentStep[]> {
  const steps: AugmentStep[] = [];
  let before: Sample | undefined;
  let done: readonly Range[] = [];
  for (const { name, ranges } of STEPS) {
    done = [...done, ...ranges];
    const off = RANGES.filter((range) => !done.includes(range)).map((range) => [range, 0] as const);
    const sample = await make({ ...augment, ...Object.fromEntries(off) });
    const text =
      before === undefined ? "cut out of the frame" : describe(name, record, before, sample, { height, width });
    steps.push({ name, text, ...shown(sample, width, height) });
    before = sample;
  }
  return steps;
}

/** A sample as a step shows it. */
function shown(sample: Sample, width: number, height: number): Omit<AugmentStep, "name" | "text"> {
  const { image, depth, hasDepth, joints2d, joints3d, focal, principal } = sample;
  const through = new Float32Array(42);
  for (let j = 0; j < 21; j++) {
    const [x, y, z] = joints3d.subarray(4 * j);
    through.set([(focal * x) / z + principal[0], (focal * y) / z + principal[1]], 2 * j);
  }
  const joints = toInputPixels(joints2d, 3, width, height);
  const reprojected = toInputPixels(through, 2, width, height);
  return {
    ...pictureOf(image, width, height),
    depth: hasDepth === 1 ? greyOf(depth) : undefined,
    joints,
    reprojected,
    residualPx: Float32Array.from({ length: 21 }, (_, j) =>
      Math.hypot(joints[2 * j] - reprojected[2 * j], joints[2 * j + 1] - reprojected[2 * j + 1]),
    ),
  };
}

const NOTHING = "nothing";

/** One digit after the point, and no minus before a zero. */
const tenths = (value: number): string => (Math.round(value * 10) / 10 + 0).toFixed(1);

/** What a step did to this sample. */
function describe(
  name: AugmentStep["name"],
  { square }: CropRecord,
  before: Sample,
  after: Sample,
  { height, width }: Pick<StepsOptions, "height" | "width">,
): string {
  switch (name) {
    case "rotation": {
      const degrees = (cropAngle(after.cropFromImage) * 180) / Math.PI;
      if (degrees === 0) return NOTHING;
      return Math.abs(degrees) < 0.05 ? "turned by less than 0.05 degrees" : `turned by ${degrees.toFixed(1)} degrees`;
    }
    case "scale": {
      const times = after.focal / before.focal;
      return times === 1 ? NOTHING : `the hand is ${times.toFixed(3)} times as large`;
    }
    case "shift": {
      const [u, v] = mapPoint(after.cropFromImage, square[0], square[1]);
      const [dx, dy] = [u - height / 2, v - height / 2];
      return Math.hypot(dx, dy) < 1e-6 ? NOTHING : `moved by ${tenths(dx)}, ${tenths(dy)} px`;
    }
    case "colour": {
      const [one, other] = [before, after].map(({ image }) => pictureOf(image, width, height).rgba);
      const sum = one.reduce((total, value, i) => total + Math.abs(value - other[i]), 0);
      return sum === 0 ? NOTHING : `colours differ by ${(sum / (3 * width * height)).toFixed(1)} of 255 on average`;
    }
    case "depth noise": {
      const { changed, lost, read } = compareDepth(before, after);
      return changed === 0 ? NOTHING : `${changed} of ${read} depth readings changed, ${lost} of them lost`;
    }
    case "occlusion": {
      const covered = differentPixels(before, after, width * height) / (width * height);
      return covered === 0 ? NOTHING : `a patch hides ${(100 * covered).toFixed(1)} % of the picture`;
    }
    default:
      return before.hasDepth === after.hasDepth ? NOTHING : "shown without its depth";
  }
}

function compareDepth(before: Sample, after: Sample): { changed: number; lost: number; read: number } {
  let [changed, lost, read] = [0, 0, 0];
  for (const [i, value] of before.depth.entries()) {
    if (value < 1) read++;
    if (value === after.depth[i]) continue;
    changed++;
    if (after.depth[i] === 1) lost++;
  }
  return { changed, lost, read };
}

function differentPixels(before: Sample, after: Sample, plane: number): number {
  let count = 0;
  for (let i = 0; i < plane; i++) {
    if ([0, 1, 2].some((c) => before.image[c * plane + i] !== after.image[c * plane + i])) count++;
  }
  return count;
}
