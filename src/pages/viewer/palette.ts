/** Colours of errors: lightness grows evenly with the error, so that the order shows in grey and to every kind of eye. */

/** Lightness, chroma and hue (degrees) in OKLCH of no error and of the largest; hue runs through magenta and red. */
const FROM = { lightness: 0.43, hue: 285 };
const TO = { lightness: 0.9, hue: 460 };
const CHROMA = 0.155;

/** Colour of `t` in [0, 1], clamped: red, green, blue in 0..255, sRGB. Not a number is grey. */
export function heatColour(t: number): [number, number, number] {
  if (Number.isNaN(t)) return [128, 128, 128];
  const u = Math.max(0, Math.min(1, t));
  const lightness = FROM.lightness + u * (TO.lightness - FROM.lightness);
  const hue = ((FROM.hue + u * (TO.hue - FROM.hue)) * Math.PI) / 180;
  // At both ends sRGB has less room.
  const chroma = CHROMA * (0.82 + 0.18 * Math.sin(Math.PI * u));
  return oklabToRgb(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
}

/** CSS gradient from no error to the largest. */
export function heatGradient(stops = 12): string {
  const colours = Array.from({ length: stops + 1 }, (_, i) => `rgb(${heatColour(i / stops).join(" ")})`);
  return `linear-gradient(to right, ${colours.join(", ")})`;
}

/** Björn Ottosson's OKLab (2020) to 8-bit sRGB, clipped. */
function oklabToRgb(lightness: number, a: number, b: number): [number, number, number] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function encode(linear: number): number {
  const x = Math.max(0, Math.min(1, linear));
  return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `value`; 1 for nothing or less. */
export function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((each) => each * decade >= value * (1 - 1e-9)) ?? 10;
  return step * decade;
}

/** Colours [N, 3] of 8 bits for `values` [N], 0 to `largest`. */
export function heatOf(values: ArrayLike<number>, largest: number): Uint8Array {
  const out = new Uint8Array(3 * values.length);
  for (let i = 0; i < values.length; i++) out.set(heatColour(values[i] / largest), 3 * i);
  return out;
}
