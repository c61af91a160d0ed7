/** What sensors do to a perfect picture: blur, noise and rounding of colour; noise, steps and holes of depth. */
import { HO3D_DEPTH_UNIT } from "../png";
import type { Random } from "../random";
import { FRAME_HEIGHT, FRAME_WIDTH } from "./scene";
import type { NoiseTable } from "./texture";

const W = FRAME_WIDTH;
const H = FRAME_HEIGHT;
const PIXELS = W * H;
const NOISE_SIZE = 65536;

/** Roughly normal numbers of unit variance, made from sums of the noise table's uniform ones. */
function bellTable(noise: NoiseTable): Float32Array {
  const known = bells.get(noise);
  if (known !== undefined) return known;
  const table = new Float32Array(NOISE_SIZE);
  for (let i = 0; i < NOISE_SIZE; i++) {
    let sum = -2;
    for (let k = 0; k < 4; k++) sum += noise[(i * (2 * k + 1) + 9973 * k) & (NOISE_SIZE - 1)];
    table[i] = sum * Math.sqrt(3);
  }
  bells.set(noise, table);
  return table;
}
const bells = new WeakMap<NoiseTable, Float32Array>();

/** One pass of [1 2 1] / 4 along rows and columns, in place. */
function blur(light: Float32Array): void {
  const row = 3 * W;
  for (let y = 0; y < H; y++) {
    const start = y * row;
    for (let c = 0; c < 3; c++) {
      let before = light[start + c];
      let here = before;
      for (let i = start + c; i < start + row; i += 3) {
        const after = i + 3 < start + row ? light[i + 3] : here;
        light[i] = 0.25 * (before + after) + 0.5 * here;
        before = here;
        here = after;
      }
    }
  }
  const before = light.slice(0, row);
  const here = light.slice(0, row);
  for (let y = 0; y < H; y++) {
    const start = y * row;
    const below = y + 1 < H ? start + row : start;
    for (let i = 0; i < row; i++) {
      const after = y + 1 < H ? light[below + i] : here[i];
      light[start + i] = 0.25 * (before[i] + after) + 0.5 * here[i];
      before[i] = here[i];
      here[i] = after;
    }
  }
}

/** Linear light [height, width, 3] to 8-bit colour; the light is blurred in place. `sigma` is the noise in steps of 255. */
export function senseColour(
  light: Float32Array,
  passes: number,
  sigma: number,
  noise: NoiseTable,
  stream: Random,
): Uint8Array {
  for (let pass = 0; pass < passes; pass++) blur(light);
  const bell = bellTable(noise);
  const out = new Uint8Array(3 * PIXELS);
  for (let y = 0, i = 0; y < H; y++) {
    let at = stream.int(NOISE_SIZE);
    for (let k = 0; k < 3 * W; k++, i++) {
      const value = 255 * Math.sqrt(light[i]) + sigma * bell[at];
      out[i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
      at = (at + 1) & (NOISE_SIZE - 1);
    }
  }
  return out;
}

/** A jump of this share of the depth is a silhouette. */
const EDGE = 0.03;
/** Standard deviation of the depth at one metre; it grows with the square of the distance. */
const SIGMA = 0.0018;
/** The steps of stereo depth at one metre; they grow with the square too. */
const STEP = 0.0025;

/**
 * True depth [height, width] to a depth camera's: pixels that look past an edge, noise and steps that grow with the square
 * of the distance, holes beside silhouettes, in patches and at single pixels. Every value is a whole multiple of
 * HO3D_DEPTH_UNIT, so that HO-3D's files hold it exactly. 0 = no reading.
 */
export function senseDepth(depth: Float32Array, noise: NoiseTable, stream: Random): Float32Array {
  const bell = bellTable(noise);
  const out = new Float32Array(PIXELS);
  const patchX = stream.int(256);
  const patchY = stream.int(256);
  for (let y = 0, i = 0; y < H; y++) {
    let at = stream.int(NOISE_SIZE);
    let uniform = stream.int(NOISE_SIZE);
    for (let x = 0; x < W; x++, i++) {
      at = (at + 1) & (NOISE_SIZE - 1);
      uniform = (uniform + 1) & (NOISE_SIZE - 1);
      const chance = noise[uniform];
      if (chance < 0.004) continue;
      // The row next to an edge may see either side of it.
      let from = i;
      if (x > 0 && y > 0 && x < W - 1 && y < H - 1) from += bell[at] > 1 ? 1 : bell[at] < -1 ? -W : 0;
      const z = depth[from];
      const near = depth[x >= 3 ? i - 3 : i];
      const edge = EDGE * z;
      // The projector is to the side: what lies behind an edge on one side gets no pattern.
      if (z - near > edge && chance < 0.75) continue;
      const right = depth[x + 1 < W ? i + 1 : i];
      const above = depth[y > 0 ? i - W : i];
      const isEdge = Math.abs(z - right) > edge || Math.abs(z - above) > edge;
      if (isEdge && chance < 0.4) continue;
      const patch = noise[(((y >> 2) + patchY) & 255) * 256 + (((x >> 2) + patchX) & 255)];
      if (patch > 0.9985 || z > 4) continue;
      const step = STEP * z * z;
      const noisy = z + SIGMA * z * z * bell[(at + 32768) & (NOISE_SIZE - 1)];
      const stepped = Math.round(noisy / step) * step;
      out[i] = Math.round(stepped / HO3D_DEPTH_UNIT) * HO3D_DEPTH_UNIT;
    }
  }
  return out;
}
