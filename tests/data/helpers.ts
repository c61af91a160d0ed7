import { readFileSync } from "node:fs";
import { handForward, joints21 } from "../../src/data/hand/forward";
import { readManoFile } from "../../src/data/mano-file";
import { random } from "../../src/data/random";
import type { Frame, HandModel } from "../../src/data/types";

let hand: HandModel | undefined;

/** The made-up hand of the fixtures, shrunk to the size of a hand. */
export function smallHand(): HandModel {
  if (hand === undefined) {
    const bytes = new Uint8Array(readFileSync("tests/data/fixtures/hand-right.pkl"));
    const big = readManoFile(bytes, "hand-right.pkl", [15, 16, 17, 18, 19]);
    const shrink = (values: Float64Array): Float64Array => values.map((value) => 0.03 * value);
    hand = {
      ...big,
      vTemplate: shrink(big.vTemplate),
      shapedirs: shrink(big.shapedirs).map((x) => 0.1 * x),
      posedirs: shrink(big.posedirs).map((x) => 0.1 * x),
    };
  }
  return hand;
}

/** A frame whose labels agree with each other and whose image and depth are a smooth pattern. */
export function testFrame(index: number, options: { width?: number; height?: number; distance?: number } = {}): Frame {
  const { width = 200, height = 160, distance = 0.6 } = options;
  const rng = random(7, "test-frame", index, "");
  const pose = Float64Array.from({ length: 48 }, () => 0.4 * rng.normal());
  const shape = Float64Array.from({ length: 10 }, () => rng.normal());
  const trans = Float64Array.of(0.05 * rng.normal(), 0.05 * rng.normal(), distance);
  const mano = { pose, shape, trans };
  const joints3d = joints21(smallHand(), handForward(smallHand(), mano));
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([x % 256, y % 256, (x + y) % 256], 3 * (y * width + x));
  }
  const depth = new Float32Array(width * height).map((_, i) => distance + 0.0005 * (i % width) - 0.05);
  const sequence = `SY${String.fromCharCode(65 + (index >> 2))}${index % 2}`;
  return {
    id: `${sequence}/${String(index).padStart(4, "0")}`,
    sequence,
    recording: sequence.slice(0, -1),
    rgb: { width, height, data },
    depth: { width, height, data: depth },
    camera: [220, 221, width / 2 - 3, height / 2 + 2],
    joints3d,
    rootOnly: false,
    mano,
    box: undefined,
  };
}
