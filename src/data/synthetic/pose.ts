/**
 * Random hand poses within the limits of a hand's joints, alone or as smooth sequences, with views from all sides.
 * Everything is computed from the given random stream with the functions of `math.ts`, so it is the same on any machine.
 * Joint angles [45] are bending, spreading and twisting (flexion, abduction, twist of `anatomy.ts`) of joints 1..15,
 * in radians; a pose [48] is MANO's axis-angle with the wrist first.
 */
import type { JointAxes } from "../hand/anatomy";
import {
  axisAngleFromMatrix,
  composeAxisAngle,
  matrixFromAxisAngle,
  matrixFromQuaternion,
  multiply,
  type Numbers,
} from "../hand/rotations";
import { cos, sin } from "../math";
import type { Random } from "../random";

const DEGREE = Math.PI / 180;

/** Lowest and highest bending of the three joints of a finger, then spreading of the first, degrees. */
const FINGER_LIMITS = {
  flexion: [
    [-12, 85],
    [0, 95],
    [0, 65],
  ],
  abduction: [-13, 13],
} as const;
/** Bending of the thumb's three joints, then lifting and twisting of the first, degrees. */
const THUMB_LIMITS = {
  flexion: [
    [-12, 24],
    [-8, 45],
    [-12, 65],
  ],
  abduction: [-14, 28],
  twist: [-8, 22],
} as const;

/** Lowest and highest joint angles [45] that a sample may have, radians. */
export const JOINT_LIMITS: { readonly lowest: Float64Array; readonly highest: Float64Array } = (() => {
  const lowest = new Float64Array(45);
  const highest = new Float64Array(45);
  const set = (joint: number, axis: number, [low, high]: readonly [number, number]): void => {
    lowest[3 * joint + axis] = low * DEGREE;
    highest[3 * joint + axis] = high * DEGREE;
  };
  for (let finger = 0; finger < 5; finger++) {
    const limits = finger < 4 ? FINGER_LIMITS : THUMB_LIMITS;
    limits.flexion.forEach((range, i) => {
      set(3 * finger + i, 0, range);
    });
    set(3 * finger, 1, limits.abduction);
  }
  set(12, 2, THUMB_LIMITS.twist);
  return { lowest, highest };
})();

/** Order of the fingers from the thumb's side, as places in MANO's order (index, middle, pinky, ring). */
const ACROSS = [0, 1, 3, 2];

/**
 * Which poses are drawn. "any": two samples in three bend the fingers together (grasps, from open to fist), the others each on
 * its own (pointing, counting). "grasps": the fingers and the thumb close together as they do round an object, each a little
 * differently.
 */
export type PoseRange = "any" | "grasps";

/** Joint angles [45] of one plausible hand. The last joint of a finger follows the one before it, as tendons make it. */
export function sampleJointAngles(random: Random, range: PoseRange = "any"): Float64Array {
  const isGrasp = range === "grasps";
  const own = isGrasp ? 0.4 : 1; // how much of a joint's variation is its own
  const together = random.uniform() < 2 / 3 || isGrasp;
  const grip = random.uniform();
  const gradient = own * 0.3 * (random.uniform() - 0.5);
  const spread = random.uniform() * 2 - 1;
  const angles = new Float64Array(45);
  ACROSS.forEach((finger, place) => {
    const alone = random.uniform();
    const curl = clamp(together ? grip + gradient * (place - 1.5) + own * 0.25 * (alone - 0.5) : alone, 0, 1);
    const base = clamp(curl + own * 0.5 * (random.uniform() - 0.5), 0, 1);
    const middle = clamp(curl + own * 0.3 * (random.uniform() - 0.5), 0, 1);
    const last = clamp(middle * (0.8 + own * 0.6 * (random.uniform() - 0.5)), 0, 1);
    const bends = [-12 + 97 * base, 95 * middle, 65 * last];
    bends.forEach((bend, i) => {
      angles[9 * finger + 3 * i] = bend * DEGREE;
    });
    // Fingers fan out or close together about the middle one; bent fingers cannot spread.
    const fan = [1, 0.15, -0.55, -1][place] * spread * 10 + 3 * (random.uniform() * 2 - 1);
    angles[9 * finger + 1] = fan * (1 - 0.8 * base) * DEGREE;
  });
  // A thumb that opposes lifts, twists and bends together.
  const follow = (free: number): number => (isGrasp ? clamp(grip + own * (free - 0.5), 0, 1) : free);
  const oppose = follow(random.uniform());
  const bend = follow(random.uniform());
  const vary = (): number => own * (random.uniform() - 0.5);
  angles[36] = (-8 + 26 * clamp(oppose + 0.4 * vary(), 0, 1)) * DEGREE;
  angles[37] = (-12 + 36 * clamp(0.25 + 0.6 * oppose + 0.6 * vary(), 0, 1)) * DEGREE;
  angles[38] = (-5 + 25 * clamp(oppose + 0.3 * vary(), 0, 1)) * DEGREE;
  angles[39] = (-5 + 45 * clamp(bend + 0.4 * vary(), 0, 1)) * DEGREE;
  angles[42] = (-10 + 70 * clamp(bend + 0.5 * vary(), 0, 1)) * DEGREE;
  const { lowest, highest } = JOINT_LIMITS;
  return angles.map((angle, i) => clamp(angle, lowest[i], highest[i]));
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

/** Joint angles [45] and the wrist's rotation (axis-angle [3]) to MANO's pose [48]. Each joint twists, then bends, then spreads. */
export function poseFromAngles(axes: JointAxes, angles: Numbers, wrist: Numbers = [0, 0, 0]): Float64Array {
  const pose = new Float64Array(48);
  pose.set([wrist[0], wrist[1], wrist[2]]);
  const about = (axis: Float64Array, joint: number, angle: number): Float64Array =>
    matrixFromAxisAngle(axis.subarray(3 * joint, 3 * joint + 3).map((value) => value * angle));
  for (let joint = 0; joint < 15; joint++) {
    const bent = multiply(
      about(axes.flexion, joint, angles[3 * joint]),
      about(axes.twist, joint, angles[3 * joint + 2]),
    );
    const rotation = multiply(about(axes.abduction, joint, angles[3 * joint + 1]), bent);
    pose.set(axisAngleFromMatrix(rotation), 3 * joint + 3);
  }
  return pose;
}

/** Rotation drawn evenly from all rotations, axis-angle [3] (Shoemake, "Uniform random rotations", 1992). */
export function sampleRotation(random: Random): Float64Array {
  const u = random.uniform();
  const a = 2 * Math.PI * random.uniform();
  const b = 2 * Math.PI * random.uniform();
  const r = Math.sqrt(1 - u);
  const s = Math.sqrt(u);
  return axisAngleFromMatrix(matrixFromQuaternion([s * cos(b), r * sin(a), r * cos(a), s * sin(b)]));
}

/** One pose [48]: joint angles within the limits and the hand seen from any side. */
export function sampleHandPose(random: Random, axes: JointAxes): Float64Array {
  const angles = sampleJointAngles(random);
  return poseFromAngles(axes, angles, sampleRotation(random));
}

/** Wrist rotation between two axis-angle vectors along the shortest way, t in [0, 1]. */
export function interpolateRotation(from: Numbers, to: Numbers, t: number): Float64Array {
  const back = Float64Array.of(-from[0], -from[1], -from[2]);
  const step = composeAxisAngle(to, back).map((value) => value * t);
  return composeAxisAngle(step, from);
}

/** How the wrist may turn from one key pose to the next. */
export type WristMotion =
  /** Anywhere: a random start, then at most `turn` radians from key to key. */
  | { readonly kind: "any"; readonly turn: number }
  /** Every key lies within `spread` radians of `base`, axis-angle [3]. */
  | { readonly kind: "near"; readonly base: Numbers; readonly spread: number };

/**
 * A moving hand: poses [48] of `frames` frames that pass through random key poses every `framesPerKey` frames, at rest
 * in each (smoothstep).
 */
export function samplePoseSequence(
  random: Random,
  axes: JointAxes,
  frames: number,
  framesPerKey: number,
  motion: WristMotion = { kind: "any", turn: 0.9 },
  range: PoseRange = "any",
): Float64Array[] {
  if (!(Number.isInteger(frames) && frames >= 1 && Number.isInteger(framesPerKey) && framesPerKey >= 1)) {
    throw new RangeError(
      `samplePoseSequence: ${frames} frames, a key every ${framesPerKey}; expected integers above 0`,
    );
  }
  const nextWrist = (from: Float64Array): Float64Array =>
    motion.kind === "any"
      ? composeAxisAngle(sampleTurn(random, motion.turn), from)
      : composeAxisAngle(sampleTurn(random, motion.spread), motion.base);
  let fromAngles = sampleJointAngles(random, range);
  let fromWrist = motion.kind === "any" ? sampleRotation(random) : nextWrist(new Float64Array(3));
  let toAngles = fromAngles;
  let toWrist = fromWrist;
  return Array.from({ length: frames }, (_, frame) => {
    const place = frame % framesPerKey;
    if (place === 0) {
      fromAngles = toAngles;
      fromWrist = toWrist;
      toAngles = sampleJointAngles(random, range);
      toWrist = nextWrist(fromWrist);
    }
    const t = place / framesPerKey;
    const eased = t * t * (3 - 2 * t);
    const angles = fromAngles.map((angle, i) => angle + eased * (toAngles[i] - angle));
    return poseFromAngles(axes, angles, interpolateRotation(fromWrist, toWrist, eased));
  });
}

/** Rotation about an evenly drawn axis by 0 to `largest` radians, axis-angle [3]. */
function sampleTurn(random: Random, largest: number): Float64Array {
  const z = 2 * random.uniform() - 1;
  const around = 2 * Math.PI * random.uniform();
  const angle = largest * random.uniform();
  const r = Math.sqrt(1 - z * z) * angle;
  return Float64Array.of(r * cos(around), r * sin(around), z * angle);
}
