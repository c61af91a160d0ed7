/** What skin is made of: a tone, the map of a hand (palm, knuckles, tips, nails) and the colour of a point on it. */
import { jointAxes } from "../hand/anatomy";
import { blendShapes, regressJoints } from "../hand/forward";
import type { Random } from "../random";
import type { HandModel } from "../types";
import { vertexNormals } from "./raster";
import { type Colour, colourFromBytes, type NoiseTable, noiseAt } from "./texture";

/** Measured-looking tones from light to dark, sRGB. */
const TONES = [
  [242, 210, 190],
  [232, 190, 165],
  [221, 170, 140],
  [204, 148, 114],
  [180, 122, 88],
  [148, 98, 70],
  [112, 74, 54],
  [82, 55, 42],
] as const;

/** The look of one person's skin. */
export interface Skin {
  readonly base: Colour;
  /** 0 light to 1 dark: dark skin has a palm that is clearly lighter than the back. */
  readonly darkness: number;
  readonly nail: Colour;
  /** Strength of mottling, about 1. */
  readonly mottling: number;
  readonly offset: number;
}

/** A person's skin. */
export function sampleSkin(random: Random): Skin {
  const place = random.uniform() * (TONES.length - 1);
  const i = Math.floor(place);
  const t = place - i;
  const bytes = TONES[i].map((value, c) => value + t * (TONES[i + 1][c] - value) + 5 * random.normal());
  const base = colourFromBytes(bytes[0], bytes[1], bytes[2]);
  const painted = random.uniform() < 0.12;
  const nail: Colour = painted
    ? colourFromBytes(120 + 120 * random.uniform(), 20 + 60 * random.uniform(), 40 + 90 * random.uniform())
    : [Math.min(1, base[0] * 1.12 + 0.04), base[1] * 1.06 + 0.02, base[2] * 1.12 + 0.03];
  return {
    base,
    darkness: place / (TONES.length - 1),
    nail,
    mottling: 0.6 + 0.9 * random.uniform(),
    offset: 200 * random.uniform(),
  };
}

/** Where a template's palm, knuckles, tips and nails are. */
export interface SkinMap {
  /** [V * 3]: palm (1) to back (0), knuckle, tip. */
  readonly factors: Float32Array;
  /** Five nails, [5 * 12]: centre, axis along the bone, across, and outward. */
  readonly nails: Float64Array;
}

/** Last joints in MANO's order of the fingers in the order of `tips`: thumb, index, middle, ring, pinky. */
const LAST_JOINTS = [15, 3, 6, 12, 9];
const NAIL_HALF_LENGTH = 0.0062;
const NAIL_HALF_WIDTH = 0.0055;

const bell = (distance2: number, width: number): number =>
  1 / (1 + (distance2 * distance2) / (width * width * width * width));

/** The map of a hand model. */
export function skinMap(model: HandModel): SkinMap {
  const rest = blendShapes(model, new Float64Array(model.shapeCount));
  const normals = vertexNormals(rest, model.faces);
  const joints = regressJoints(model, rest);
  const axes = jointAxes(model);
  const dorsal = axes.abduction.subarray(9, 12);
  const distance2 = (v: number, points: ArrayLike<number>, at: number): number => {
    const [x, y, z] = [0, 1, 2].map((c) => rest[3 * v + c] - points[at + c]);
    return x * x + y * y + z * z;
  };
  const dot = (v: number, axis: Float64Array, at: number): number =>
    normals[3 * v] * axis[at] + normals[3 * v + 1] * axis[at + 1] + normals[3 * v + 2] * axis[at + 2];
  const factors = new Float32Array(3 * model.vertexCount);
  for (let v = 0; v < model.vertexCount; v++) {
    factors[3 * v] = Math.max(0, Math.min(0.5 - 0.8 * dot(v, dorsal, 0), 1));
    for (let k = 1; k < 16; k++) {
      const near = bell(distance2(v, joints, 3 * k), k % 3 === 1 ? 0.013 : 0.009);
      const knuckle = near * Math.max(0, dot(v, axes.abduction, 3 * (k - 1)));
      factors[3 * v + 1] = Math.max(factors[3 * v + 1], knuckle);
    }
    for (const tip of model.tips) {
      factors[3 * v + 2] = Math.max(factors[3 * v + 2], bell(distance2(v, rest, 3 * tip), 0.012));
    }
  }
  const nails = new Float64Array(60);
  LAST_JOINTS.forEach((k, finger) => {
    const [bone, across, out] = [axes.twist, axes.flexion, axes.abduction].map((all) =>
      all.subarray(3 * (k - 1), 3 * k),
    );
    for (let c = 0; c < 3; c++) nails[12 * finger + c] = rest[3 * model.tips[finger] + c] - 0.0075 * bone[c];
    nails.set(bone, 12 * finger + 3);
    nails.set(across, 12 * finger + 6);
    nails.set(out, 12 * finger + 9);
  });
  return { factors, nails };
}

/** 1 on a nail, falling to 0 at its rim, at a point of the template. */
function nailAt(nails: Float64Array, x: number, y: number, z: number): number {
  for (let at = 0; at < 60; at += 12) {
    const [dx, dy, dz] = [x - nails[at], y - nails[at + 1], z - nails[at + 2]];
    if (dx * dx + dy * dy + dz * dz > 3e-4) continue;
    const along = (dx * nails[at + 3] + dy * nails[at + 4] + dz * nails[at + 5]) / NAIL_HALF_LENGTH;
    const across = (dx * nails[at + 6] + dy * nails[at + 7] + dz * nails[at + 8]) / NAIL_HALF_WIDTH;
    const out = dx * nails[at + 9] + dy * nails[at + 10] + dz * nails[at + 11];
    const inside = 1 - along * along - across * across;
    if (out > 0.001 && inside > 0) return Math.min(1, 5 * inside);
  }
  return 0;
}

/** Colour of the skin at a point of the template with the map's factors (palm, knuckle, tip), into `out` [3]; returns how much it shines. */
export function skinColour(
  skin: Skin,
  map: SkinMap,
  noise: NoiseTable,
  x: number,
  y: number,
  z: number,
  palm: number,
  knuckle: number,
  tip: number,
  out: Float64Array,
): number {
  const o = skin.offset;
  const patches = noiseAt(noise, 90 * x + o, 90 * z + 45 * y) - 0.5;
  const fine = noiseAt(noise, 600 * x + 130 * y, 600 * z + 300 * y + o) - 0.5;
  const lines = Math.abs(noiseAt(noise, 70 * x + 9, 190 * z + 60 * y + o) - 0.5);
  let light = 1 + skin.mottling * (0.22 * patches + 0.16 * fine);
  // Creases run across the bone: over the knuckles, and through the palm.
  if (lines < 0.05) light *= 1 - (palm > 0.5 ? 0.18 : 0.1) * (1 - 20 * lines);
  const wrinkle = Math.abs(noiseAt(noise, 900 * x, 60 * z + o) - 0.5);
  light *= 1 - knuckle * (0.16 + 0.3 * wrinkle);
  light *= 1 + palm * (0.1 + 0.85 * skin.darkness * skin.darkness);
  const pink = 0.1 * palm + 0.16 * tip + 0.12 * knuckle + 0.1 * skin.mottling * patches;
  out[0] = skin.base[0] * light * (1 + 0.5 * pink);
  out[1] = skin.base[1] * light * (1 - 0.35 * pink);
  out[2] = skin.base[2] * light * (1 - 0.2 * pink);
  const nail = tip > 0.05 ? nailAt(map.nails, x, y, z) : 0;
  if (nail > 0) for (let c = 0; c < 3; c++) out[c] += nail * (skin.nail[c] - out[c]);
  return 0.05 + 0.25 * nail;
}
