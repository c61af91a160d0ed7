/** Procedural colour: tileable value noise and the surfaces of a room. Colours are linear RGB, 1 = white. */
import type { Random } from "../random";

/** Linear RGB. */
export type Colour = readonly [number, number, number];

const SIDE = 256;
const MASK = SIDE - 1;

/** Uniform numbers on a 256 x 256 lattice that repeats. */
export type NoiseTable = Float32Array;

/** A noise table from a random stream. */
export function createNoise(random: Random): NoiseTable {
  return Float32Array.from({ length: SIDE * SIDE }, () => random.uniform());
}

/** Value noise in [0, 1] between lattice points one unit apart, period 256. */
export function noiseAt(table: NoiseTable, u: number, v: number): number {
  const fu = Math.floor(u);
  const fv = Math.floor(v);
  const a = u - fu;
  const b = v - fv;
  const x = fu & MASK;
  const y = (fv & MASK) * SIDE;
  const right = (x + 1) & MASK;
  const below = (y + SIDE) & (SIDE * SIDE - 1);
  const top = table[y + x] + a * (table[y + right] - table[y + x]);
  const bottom = table[below + x] + a * (table[below + right] - table[below + x]);
  return top + b * (bottom - top);
}

/** Lattice value of one cell, for choices that stay the same inside it. */
function cellAt(table: NoiseTable, u: number, v: number): number {
  return table[((Math.floor(v) & MASK) * SIDE + (Math.floor(u) & MASK)) | 0];
}

type Style = "plain" | "clouds" | "stripes" | "checks" | "blocks" | "wood" | "spots" | "label";

/** How a surface looks, as a function of two coordinates in metres. */
export interface Surface {
  readonly style: Style;
  readonly palette: readonly Colour[];
  /** Pattern elements per metre. */
  readonly scale: number;
  /** Where on the noise this surface lies. */
  readonly offset: readonly [number, number];
}

/** Linear RGB from hue [0, 1), saturation and value (of sRGB), with the square as the transfer curve. */
export function colourFromHsv(hue: number, saturation: number, value: number): Colour {
  const channel = (shift: number): number => {
    const place = (6 * hue + shift) % 6;
    const k = Math.max(0, Math.min(place, 4 - place, 1));
    const encoded = value * (1 - saturation * k);
    return encoded * encoded;
  };
  return [channel(5), channel(3), channel(1)];
}

/** sRGB of 0 to 255 to linear RGB, with the square as the transfer curve. */
export function colourFromBytes(red: number, green: number, blue: number): Colour {
  return [(red / 255) * (red / 255), (green / 255) * (green / 255), (blue / 255) * (blue / 255)];
}

/** What a surface belongs to, and the styles it draws from: rooms and clothes are mostly calm, things are printed. */
const STYLES_OF: Readonly<Record<"room" | "cloth" | "thing", readonly Style[]>> = {
  room: [
    "plain",
    "plain",
    "plain",
    "plain",
    "clouds",
    "clouds",
    "wood",
    "wood",
    "blocks",
    "blocks",
    "stripes",
    "checks",
  ],
  cloth: ["plain", "plain", "plain", "plain", "clouds", "clouds", "stripes", "checks"],
  thing: ["plain", "plain", "clouds", "wood", "label", "label", "label", "blocks", "stripes", "checks", "spots"],
};

/** A random surface with about `scale` pattern elements per metre; `vivid` allows saturated colours. */
export function sampleSurface(random: Random, kind: keyof typeof STYLES_OF, scale: number, vivid: boolean): Surface {
  const styles = STYLES_OF[kind];
  const hue = random.uniform();
  const palette = Array.from({ length: 5 }, () =>
    colourFromHsv(
      (hue + (random.uniform() < 0.7 ? 0.16 : 1) * random.uniform()) % 1,
      (vivid ? 0.85 : 0.28) * random.uniform(),
      0.15 + 0.8 * random.uniform(),
    ),
  );
  return {
    style: styles[random.int(styles.length)],
    palette,
    scale: scale * (0.5 + 1.5 * random.uniform()),
    offset: [256 * random.uniform(), 256 * random.uniform()],
  };
}

/** Share of the second colour at a point. */
function mixAt({ style, scale, offset }: Surface, noise: NoiseTable, u: number, v: number): number {
  const x = u * scale + offset[0];
  const y = v * scale + offset[1];
  if (style === "clouds") return noiseAt(noise, x, y) * 0.65 + noiseAt(noise, 3.1 * x, 3.1 * y) * 0.35;
  if (style === "wood") {
    const ring = noiseAt(noise, 0.25 * x, 3 * y) * 5;
    return ring - Math.floor(ring);
  }
  if (style === "spots") {
    const dx = x - Math.floor(x) - 0.5;
    const dy = y - Math.floor(y) - 0.5;
    return dx * dx + dy * dy < 0.09 ? 1 : 0;
  }
  const a = x - 2 * Math.floor(x / 2) < 1;
  if (style === "stripes") return a ? 1 : 0;
  if (style === "checks") return a === y - 2 * Math.floor(y / 2) < 1 ? 1 : 0;
  return 0;
}

/** Colour of a surface at (u, v) metres, written into `out` [3]. */
export function surfaceColour(surface: Surface, noise: NoiseTable, u: number, v: number, out: Float64Array): void {
  const { palette, scale, offset, style } = surface;
  let first = palette[0];
  let mix = 0;
  if (style === "blocks") {
    // Rows of upright things of different width, as on shelves.
    const row = Math.floor(v * scale * 0.4 + offset[1]);
    const width = 0.6 + cellAt(noise, row, 7) * 1.2;
    const pick = cellAt(noise, (u * scale) / width + offset[0] + 31 * row, row);
    first = palette[Math.min(4, Math.floor(5 * pick))];
  } else if (style === "label") {
    // Bands with runs of dark marks that look like print.
    const line = v * scale * 4 + offset[1];
    const within = line - Math.floor(line);
    const printed = within < 0.55 && cellAt(noise, u * scale * 14 + offset[0], line) > 0.45;
    first = palette[cellAt(noise, line * 0.2, 3) > 0.5 ? 0 : 2];
    mix = printed && cellAt(noise, line, 11) > 0.4 ? 1 : 0;
  } else mix = mixAt(surface, noise, u, v);
  const second = palette[1];
  const grain =
    0.82 + 0.24 * noiseAt(noise, 60 * u + offset[1], 60 * v) + 0.12 * noiseAt(noise, 4 * u, 4 * v + offset[0]);
  for (let c = 0; c < 3; c++) out[c] = (first[c] + mix * (second[c] - first[c])) * grain;
}
