/**
 * One sample with all that a network made of it, as a file: JSON that anybody can read, in which numbers stay numbers, and the same
 * bits come out as went in. null is NaN and 1e999 is infinite, as JSON has neither; 8-bit arrays are base64.
 */
import { gunzipSync, gzipSync } from "fflate";
import { crc32 } from "../../data/image-check";
import { TERMS } from "../score-rows";
import {
  base64Of,
  bytes,
  clamped,
  counts,
  either,
  type Field,
  flag,
  floats,
  list,
  number,
  numbersByName,
  oneOf,
  optional,
  record,
  text,
  whole,
} from "./fields";
import { requireShapes } from "./look-shapes";
import type {
  AttentionHead,
  AugmentStep,
  FeatureMap,
  FilmedFrame,
  Gradients,
  HandView,
  LookNumbers,
  LookView,
  LossTerm,
  Picture,
  SampleErrors,
  Sampling,
  TokenGrid,
  TrueHand,
  WhatIf,
} from "./types";

const FORMAT = "handloom-look";
const VERSION = 1;

/** What is told of a view that does not stand in it. */
export interface LookAbout {
  /** Name of the run whose network it was. */
  readonly run: string;
  readonly whatIf: WhatIf;
  /** Who kept it: a person, or the run at its end. */
  readonly keptBy?: "person" | "run";
}

/** A view that was read from a file. */
export interface SavedLook {
  readonly view: LookView;
  readonly about: LookAbout;
}

const UNITS = "metres, the crop's camera (OpenCV axes), joints in OpenPose order; px of the network's input";

/** The text of a file, for people and their programs. */
export function lookText(view: LookView, about: LookAbout): string {
  return jsonOf({ format: FORMAT, version: VERSION, about: { units: UNITS, ...about }, ...view });
}

/** The same with gzip, as it is kept among a run's files. */
export function writeLook(view: LookView, about: LookAbout): Uint8Array<ArrayBuffer> {
  return gzipSync(new TextEncoder().encode(lookText(view, about)), { mtime: 0 }) as Uint8Array<ArrayBuffer>;
}

/**
 * The view in a file that `lookText` or `writeLook` has written; `name` is the file's. Throws one sentence naming the field, what
 * was found and what was expected; all of the file is checked before anything is returned.
 */
export function readLook(file: Uint8Array, name: string): SavedLook {
  try {
    const found = parsed(inflated(file));
    const { format, version } = record<{ format: unknown; version: unknown }>({
      format: (value) => value,
      version: (value) => value,
    })(found, "");
    if (format !== FORMAT) oneOf([FORMAT])(format, "format");
    if (version !== VERSION)
      throw new Error(`version is ${String(version)}, expected ${VERSION}: it is of another version of Handloom`);
    const view = lookView(found, "");
    requireShapes(view);
    return { view, about: record<{ about: LookAbout }>({ about: lookAbout })(found, "").about };
  } catch (error) {
    throw new Error(`${name} is no whole sample: ${(error as Error).message}; export or keep the sample again`);
  }
}

function inflated(file: Uint8Array): Uint8Array {
  if (file[0] !== 0x1f || file[1] !== 0x8b) return file;
  let out: Uint8Array;
  try {
    out = gunzipSync(file);
  } catch (error) {
    throw new Error(`its gzip cannot be unpacked (${(error as Error).message})`);
  }
  const end = new DataView(file.buffer, file.byteOffset + file.length - 8, 8);
  const [checksum, size] = [end.getUint32(0, true), end.getUint32(4, true)];
  if (size !== out.length) throw new Error(`its gzip holds ${out.length} bytes, expected ${size}`);
  if (crc32(out) !== checksum) throw new Error("its gzip has another checksum than it was written with");
  return out;
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch (error) {
    throw new Error(`it is no JSON (${(error as Error).message})`);
  }
}

/** JSON of plain data, of which undefined is left out. */
function jsonOf(value: unknown): string {
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray) return `{"base64":"${base64Of(value)}"}`;
  if (value instanceof Float32Array) return `[${Array.from(value, float32Text).join(",")}]`;
  if (value instanceof Uint32Array) return `[${value.join(",")}]`;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  if (typeof value === "number") return numberText(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${jsonOf(each)}`).join(",")}}`;
}

/** Nine digits tell any two float32 apart. */
const float32Text = (value: number): string =>
  Number.isFinite(value) && !Object.is(value, -0) ? String(Number(value.toPrecision(9))) : numberText(value);

function numberText(value: number): string {
  if (Number.isNaN(value)) return "null";
  if (Object.is(value, -0)) return "-0.0";
  return Number.isFinite(value) ? String(value) : value > 0 ? "1e999" : "-1e999";
}

// Fields, as types.ts has them.

const pair: Field<readonly [number, number]> = (found, at) => list(number, 2)(found, at) as [number, number];
const triple: Field<readonly [number, number, number]> = (found, at) =>
  list(number, 3)(found, at) as [number, number, number];
const quadruple: Field<readonly [number, number, number, number]> = (found, at) =>
  list(number, 4)(found, at) as [number, number, number, number];

const side = whole(1);

const picture = { width: side, height: side, rgba: clamped };

const hand = { joints: floats, wrist: triple, joints2d: floats };

const handView = record<HandView>({ ...hand, vertices: floats, vertices2d: floats });

const trueHand = record<TrueHand>({
  ...hand,
  vertices: optional(floats),
  vertices2d: optional(floats),
  confidence: floats,
});

const errors = record<SampleErrors>({
  ...{ metrics: numbersByName, coarse: numbersByName, nonFinite: flag, jointsMm: floats, alignedJointsMm: floats },
  ...{ verticesMm: optional(floats), alignedVerticesMm: optional(floats) },
  ...{ alignedJoints: floats, alignedVertices: optional(floats) },
});

const numbers = {
  losses: list(record<LossTerm>({ name: oneOf([...TERMS, "total_loss"] as const), value: number, weight: number })),
  errors,
  inMapShare: number,
};

const tokens = record<TokenGrid>({
  ...{ front: list(text), joints: list(whole()), rows: side, columns: side, patch: side, blocks: side, heads: side },
  ...{ inputNorms: floats, outputNorms: floats },
});

const sampling = record<Sampling>({
  ...{ scale: whole(), rows: side, columns: side, channels: side, pixels: floats, input: floats, inside: bytes },
});

const attention = record<AttentionHead>({ block: whole(), head: whole(), probabilities: floats });

const channel = either(
  (found) => typeof found === "number",
  whole(),
  oneOf(["mean", "max", "norm"] satisfies readonly FeatureMap["channel"][]),
);

const map = record<FeatureMap>({
  ...{ scale: whole(), channel, rows: side, columns: side, channels: side, values: floats },
});

const gradients = record<Gradients>({
  ...{ image: floats, depth: floats, norm: number },
  modules: list(record<Gradients["modules"][number]>({ name: text, parameters: whole(), norm: number })),
});

const STEP_NAMES = [
  ...(["crop", "rotation", "scale", "shift", "colour"] as const),
  ...(["depth noise", "occlusion", "dropped depth"] as const),
] satisfies readonly AugmentStep["name"][];

const step = record<AugmentStep>({
  ...{ ...picture, name: oneOf(STEP_NAMES), text, depth: optional(clamped) },
  ...{ joints: floats, reprojected: floats, residualPx: floats },
});

const filmed = record<FilmedFrame>({
  ...{ ...picture, square: triple, corners: floats, box: optional(quadruple), joints: floats },
});

const lookView = record<LookView>({
  ...numbers,
  ...{ split: oneOf(["train", "val"]), index: whole(), id: text, sequence: text, step: whole() },
  ...{ epoch: optional(whole()), width: side, height: side, crop: record<Picture>(picture), depth: optional(clamped) },
  ...{ focal: number, trueFocal: number, principal: pair, truth: trueHand, coarse: handView, refined: handView },
  ...{ faces: counts, tokens, sampling: list(sampling), attention: list(attention), maps: list(map) },
  ...{ gradients: optional(gradients), steps: list(step), debugLines: list(text) },
  frame: optional(either((found) => typeof found === "string", text, filmed)),
  plain: optional(record<LookNumbers>(numbers)),
});

const lookAbout = record<LookAbout>({
  run: text,
  whatIf: record<WhatIf>({
    ...{ dropDepth: optional(flag), joints: optional(list(whole(), 21)), truthScale: optional(number) },
    shiftBox: optional(pair),
  }) as Field<WhatIf>,
  keptBy: optional(oneOf(["person", "run"])),
});
