/** The 21 joints of a hand in OpenPose order: names, bones, colours. */

export const FINGERS = ["thumb", "index", "middle", "ring", "pinky"] as const;
export type Finger = (typeof FINGERS)[number];

const PARTS: Record<Finger, readonly [string, string, string, string]> = {
  thumb: ["CMC", "MCP", "IP", "tip"],
  index: ["MCP", "PIP", "DIP", "tip"],
  middle: ["MCP", "PIP", "DIP", "tip"],
  ring: ["MCP", "PIP", "DIP", "tip"],
  pinky: ["MCP", "PIP", "DIP", "tip"],
};

/** "wrist", "thumb CMC", "thumb MCP", ... [21] */
export const JOINT_NAMES: readonly string[] = [
  "wrist",
  ...FINGERS.flatMap((finger) => PARTS[finger].map((part) => `${finger} ${part}`)),
];

/** Finger of a joint; undefined for the wrist. */
export function fingerOf(joint: number): Finger | undefined {
  return joint === 0 ? undefined : FINGERS[Math.floor((joint - 1) / 4)];
}

/** Pairs (parent, joint), one for each joint but the wrist. [20] */
export const BONES: readonly (readonly [number, number])[] = Array.from({ length: 20 }, (_, i) => [
  i % 4 === 0 ? 0 : i,
  i + 1,
]);

/** Custom property with the finger's colour; `--finger-wrist` for joint 0. */
export function fingerProperty(joint: number): string {
  return `--finger-${fingerOf(joint) ?? "wrist"}`;
}

/** Distance of true and predicted per joint, [21], in the unit of the coordinates; `width` is 2 or 3. */
export function jointErrors(truth: Float32Array, predicted: Float32Array, width: 2 | 3): number[] {
  return Array.from({ length: JOINT_NAMES.length }, (_, joint) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (truth[width * joint + k] - predicted[width * joint + k]) ** 2;
    return Math.sqrt(sum);
  });
}
