import { random } from "../../src/data/random";
import type { CropRecord } from "../../src/data/types";

const SIDE = 40;

/** A record of noise round a straight hand. */
export function noiseRecord(index: number): CropRecord {
  const rng = random(5, "noise-record", index, "");
  return {
    id: `NO${index % 3}/${String(index).padStart(4, "0")}`,
    sequence: `NO${index % 3}`,
    recording: "NO",
    width: SIDE,
    height: SIDE,
    x0: 30,
    y0: 20,
    step: 1,
    rgb: Uint8Array.from({ length: 3 * SIDE * SIDE }, () => rng.int(256)),
    depth: Uint16Array.from({ length: SIDE * SIDE }, () => 4000 + rng.int(900)),
    square: [50, 40, 30],
    camera: [200, 201, 60, 50],
    joints3d: Float64Array.from({ length: 63 }, (_, i) => (i % 3 === 2 ? 0.6 : 0.05 * rng.normal())),
    rootOnly: false,
    mano: {
      pose: Float64Array.from({ length: 48 }, () => 0.3 * rng.normal()),
      shape: Float64Array.from({ length: 10 }, () => rng.normal()),
      trans: Float64Array.of(0, 0, 0.6),
    },
  };
}
