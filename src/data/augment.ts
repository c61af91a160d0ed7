/** Random changes of a training sample. Every one is a pure function of (seed, purpose, epoch, sample id). */
import type { Square } from "./crop";
import { cos, sin } from "./math";
import { type Random, random } from "./random";

/** Ranges of the augmentation; 0 switches one off. */
export interface AugmentOptions {
  /** Rotation in the image plane, uniform in +- radians. The original: pi. */
  readonly rotation: number;
  /** Probability that a sample is turned at all. HaMeR: 0.6, with 30 degrees times a normal number cut off at 2. */
  readonly rotationRate: number;
  /** Size of the hand in the crop, uniform in 1 +- this. The original: 0.2. */
  readonly scale: number;
  /** Crop centre, uniform in +- this share of the square's side, each axis. */
  readonly shift: number;
  /** Probability that a sample is shifted at all. HaMeR: 0.5, with a shift of 0.02. */
  readonly shiftRate: number;
  /** Uniform in 1 +- this, each. The original's color_factor: 0.2. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turn of the hue, uniform in +- radians. */
  readonly hue: number;
  /** Gain of each colour channel, uniform in 1 +- this. */
  readonly channelGain: number;
  /** Probability of a patch that hides part of the crop, and its largest side as a share of S. */
  readonly occlusion: number;
  readonly occlusionSize: number;
  /** Standard deviation of the depth noise in metres, and the share of readings that are lost. */
  readonly depthNoise: number;
  readonly depthHoles: number;
  /** Centre of the depth cube, uniform in +- metres. The original's sigma_com: 10 mm. */
  readonly depthShift: number;
  /** Probability p_drop that the sample is shown without depth. The original: 0.4. */
  readonly dropDepth: number;
}

export const DEFAULT_AUGMENT: AugmentOptions = {
  // About WiLoR's 30 degrees. The original's 180 makes the hand's turn, not its pose, what most of the training is spent on.
  rotation: 0.5,
  rotationRate: 1,
  scale: 0.2,
  shift: 0.06,
  shiftRate: 1,
  brightness: 0.2,
  contrast: 0.2,
  saturation: 0.2,
  hue: 0.1,
  channelGain: 0.1,
  occlusion: 0.3,
  occlusionSize: 0.4,
  depthNoise: 0.002,
  depthHoles: 0.01,
  depthShift: 0.01,
  dropDepth: 0.4,
};

/** Where the random numbers of one sample in one epoch come from. */
export interface DrawKey {
  readonly seed: number;
  readonly epoch: number;
  readonly id: string;
}

function draw(key: DrawKey, purpose: string): Random {
  return random(key.seed, purpose, key.epoch, key.id);
}

/** Uniform in [-range, range). */
function around(rng: Random, range: number): number {
  return range * (2 * rng.uniform() - 1);
}

/** One throw in a stream of its own: a rate that is changed leaves every other number as it is. */
function happens(key: DrawKey, purpose: string, probability: number): boolean {
  return draw(key, purpose).uniform() < probability;
}

/** The square of a record, turned, scaled and shifted. */
export function augmentSquare(
  square: readonly [number, number, number],
  options: AugmentOptions,
  key: DrawKey,
): Square {
  const rng = draw(key, "crop");
  const [x, y, side] = square;
  const angle = around(rng, happens(key, "rotation-rate", options.rotationRate) ? options.rotation : 0);
  const scale = 1 + around(rng, options.scale);
  const shift = happens(key, "shift-rate", options.shiftRate) ? options.shift : 0;
  return {
    x: x + side * around(rng, shift),
    y: y + side * around(rng, shift),
    side: side / scale,
    angle,
  };
}

/** The square of a record as a careless detector would place it: centre and side off by up to `range` of the side. */
export function jitterSquare(square: readonly [number, number, number], range: number, key: DrawKey): Square {
  const rng = draw(key, "box-jitter");
  const [x, y, side] = square;
  return {
    x: x + side * around(rng, range),
    y: y + side * around(rng, range),
    side: side * (1 + around(rng, range)),
    angle: 0,
  };
}

/** Whether the sample is shown without its depth. */
export function isDepthDropped(options: AugmentOptions, key: DrawKey): boolean {
  return happens(key, "drop-depth", options.dropDepth);
}

/** Shift of the depth cube's centre, metres. */
export function depthShift(options: AugmentOptions, key: DrawKey): number {
  return around(draw(key, "depth-shift"), options.depthShift);
}

/** Linear map of RGB in [0, 1], rows [r, g, b, bias], that does nothing. */
export const PLAIN_COLOUR: readonly number[] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

/**
 * Brightness, contrast about mid-grey, saturation about the luma, a turn of the hue about the grey axis and a gain per channel
 * as one map, rows [r, g, b, bias]. Grey stays grey but for the gains.
 */
export function augmentColour(options: AugmentOptions, key: DrawKey): Float64Array {
  const rng = draw(key, "colour");
  const brightness = 1 + around(rng, options.brightness);
  const contrast = 1 + around(rng, options.contrast);
  const saturation = 1 + around(rng, options.saturation);
  const hue = around(rng, options.hue);
  const luma = [0.299, 0.587, 0.114];
  const [c, s] = [cos(hue), sin(hue) / Math.sqrt(3)];
  const diagonal = c + (1 - c) / 3;
  const turn = [diagonal, (1 - c) / 3 - s, (1 - c) / 3 + s];
  const out = new Float64Array(12);
  for (let row = 0; row < 3; row++) {
    const gain = 1 + around(rng, options.channelGain);
    for (let column = 0; column < 3; column++) {
      // Hue after saturation: the turn's rows are cyclic shifts of one another and sum to 1.
      out[4 * row + column] =
        gain * contrast * brightness * (saturation * turn[(column - row + 3) % 3] + (1 - saturation) * luma[column]);
    }
    out[4 * row + 3] = gain * 0.5 * (1 - contrast);
  }
  return out;
}

/** A rectangle of crop pixels [x0, x1) x [y0, y1) with a colour in [0, 1] and a depth in [-1, 1]. */
export interface Patch {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly colour: readonly [number, number, number];
  readonly depth: number;
}

/** The patch that hides part of a crop of height S and `width` columns, or none. Half of the patches have no depth reading. */
export function augmentPatch(options: AugmentOptions, key: DrawKey, size: number, width: number): Patch | undefined {
  const rng = draw(key, "occlusion");
  if (rng.uniform() >= options.occlusion) return undefined;
  const side = (): number => Math.max(1, Math.round(size * options.occlusionSize * (0.25 + 0.75 * rng.uniform())));
  const [w, h] = [side(), side()];
  // The middle pixel lies in the crop, so that part of the patch always does.
  const x = Math.floor(rng.uniform() * width) - (w >> 1);
  const y = Math.floor(rng.uniform() * size) - (h >> 1);
  return {
    x0: Math.max(0, x),
    y0: Math.max(0, y),
    x1: Math.min(width, x + w),
    y1: Math.min(size, y + h),
    colour: [rng.uniform(), rng.uniform(), rng.uniform()],
    depth: rng.uniform() < 0.5 ? 1 : -rng.uniform(),
  };
}

const NOISE_BITS = 12;
let noiseTable: Float32Array | undefined;

/**
 * Adds noise to depth in [-1, 1] of a cube with half side `half` metres, and loses readings. Missing ones (1) stay missing.
 * Normal numbers come from a table of 4096, walked by a 32-bit linear congruential generator: one per pixel has to be cheap.
 */
export function augmentDepth(depth: Float32Array, half: number, options: AugmentOptions, key: DrawKey): void {
  if (options.depthNoise === 0 && options.depthHoles === 0) return;
  if (noiseTable === undefined) {
    const rng = random(0, "noise-table", 0, "");
    noiseTable = Float32Array.from({ length: 1 << NOISE_BITS }, () => rng.normal());
  }
  const sigma = options.depthNoise / half;
  const lost = Math.round(options.depthHoles * 65536);
  let state = draw(key, "depth-noise").word();
  for (let i = 0; i < depth.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (depth[i] >= 1) continue;
    const hole = ((state >>> 4) & 0xffff) < lost;
    depth[i] = hole ? 1 : Math.max(-1, Math.min(1, depth[i] + sigma * noiseTable[state >>> (32 - NOISE_BITS)]));
  }
}

/** Quirk `com-shift-twice`: whether this sample is among the quarter that it spoils. */
export function isShiftedTwice(key: DrawKey): boolean {
  return draw(key, "com-shift-twice").uniform() < 0.25;
}
