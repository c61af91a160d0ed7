import fc from "fast-check";
import { gunzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { lookText, readLook, writeLook } from "../../../src/train/inspect/look-file";
import type { LookView } from "../../../src/train/inspect/types";
import { utf8 } from "../../../src/train/storage";
import { openHand } from "../../helpers/open-hand";
import { lookView } from "../../pages/inspect/look-view";
import { posedHand } from "../../pages/viewer/posed-hand";

const model = openHand();
const hands = { truth: posedHand(model, 0.1), coarse: posedHand(model, 0.5), refined: posedHand(model, 0.2) };
const made = lookView(
  {
    ...{ split: "train", index: 3, epoch: 2, gradients: true, frame: true, steps: true },
    whatIf: { truthScale: 1000, shiftBox: [1.5, -2] },
    attention: [{ block: 1, head: 2 }],
    maps: [
      { scale: 0, channel: "norm" },
      { scale: 1, channel: 4 },
    ],
  },
  hands,
);
const odd = Float32Array.from([
  Number.NaN,
  -0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-45,
  3.4028235e38,
]);
const view: LookView = {
  ...made,
  errors: { ...made.errors, jointsMm: made.errors.jointsMm.map((value, i) => odd[i] ?? value) },
  losses: made.losses.map((loss, i) => (i === 0 ? { ...loss, value: Number.POSITIVE_INFINITY } : loss)),
};
/** Without what is large. */
const small: LookView = {
  ...{ ...view, faces: view.faces.slice(0, 6), attention: [], maps: [], gradients: undefined, steps: [] },
  ...{ frame: undefined, depth: undefined, plain: undefined },
};
const about = { run: "tiny-1", whatIf: { truthScale: 1000, shiftBox: [1.5, -2] as const }, keptBy: "person" as const };

describe("a file of one sample", () => {
  it("gives back every bit, packed or as text", () => {
    for (const file of [writeLook(view, about), utf8(lookText(view, about))]) {
      const saved = readLook(file, "a.json");
      expect(saved.about).toEqual(about);
      expect(differencesOf(saved.view, view)).toEqual([]);
    }
  });

  it("gives back any float32", () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 21, maxLength: 21 }), (values) => {
        const given = { ...small, errors: { ...small.errors, alignedJointsMm: values } };
        const saved = readLook(utf8(lookText(given, about)), "a.json");
        expect(saved.view.errors.alignedJointsMm).toEqual(values);
      }),
      { numRuns: 10 },
    );
  });

  it("may be without what was not asked for", () => {
    const { vertices, vertices2d, ...bare } = view.truth;
    const errors = { ...view.errors, verticesMm: undefined, alignedVerticesMm: undefined, alignedVertices: undefined };
    const given: LookView = {
      ...{ ...small, errors, truth: { ...bare, vertices: undefined, vertices2d: undefined } },
      ...{ epoch: undefined, frame: "The set was imported: it keeps no frame." },
    };
    expect(readLook(writeLook(given, { run: "", whatIf: {} }), "a.json").view).toEqual(given);
  });
});

describe("a file that is none, or damaged,", () => {
  const whole = JSON.parse(lookText(view, about)) as Record<string, unknown>;
  const text = JSON.stringify(whole);
  const refused = (change: Record<string, unknown>): string => {
    try {
      readLook(utf8(JSON.stringify({ ...whole, ...change })), "a.json");
    } catch (error) {
      return (error as Error).message;
    }
    return "taken";
  };

  it("is refused in a sentence that names field, found and expected", () => {
    expect(refused({ format: "coco" })).toBe(
      'a.json is no whole sample: format is "coco", expected one of handloom-look; export or keep the sample again',
    );
    expect(refused({ format: undefined })).toContain("format is missing");
    expect(refused({ version: 2 })).toContain("version is 2, expected 1");
    expect(refused({ width: 0 })).toContain("width is 0, expected a whole number from 1 on");
    expect(refused({ truth: { ...view.truth, joints: [1] } })).toContain(
      "truth.joints2d is an object, expected a list",
    );
    expect(refused({ attention: [{ block: 0, head: 0, probabilities: [1] }] })).toContain(
      "attention[0].probabilities has 1 entries, expected 4356",
    );
    expect(refused({ attention: [{ ...view.attention[0], block: 4 }] })).toContain("probabilities is an object");
    expect(refused({ crop: { width: 4, height: 2, rgba: { base64: "AAAA" } } })).toContain(
      "crop.rgba has 3 entries, expected 32",
    );
    expect(refused({ crop: { width: 1, height: 1, rgba: { base64: "*" } } })).toContain("expected bytes as base64");
    expect(refused({ faces: [0, 1, 778] })).toContain("faces[2] is 778, expected below 778");
    expect(refused({ faces: [-1, 0, 0] })).toContain("faces[0] is -1, expected a whole number from 0 to");
    expect(() => readLook(utf8("{"), "a.json")).toThrow(/^a\.json is no whole sample: it is no JSON/);
    expect(() => readLook(utf8("[]"), "a.json")).toThrow("the file is a list of 0, expected an object");
    expect(() => readLook(new Uint8Array(0), "a.json")).toThrow("it is no JSON");
  });

  it("is refused wherever it is cut, and whichever bit is flipped unless that changes nothing of it", () => {
    const file = writeLook(small, about);
    const content = gunzipSync(file);
    // The last byte of what is packed may have bits that stand for nothing.
    const isSame = (damaged: Uint8Array): boolean => {
      try {
        return Buffer.compare(gunzipSync(damaged), content) === 0;
      } catch {
        return false;
      }
    };
    fc.assert(
      // Ten bytes of header say when and by what it was packed.
      fc.property(fc.integer({ min: 10, max: file.length - 1 }), fc.nat(7), fc.boolean(), (at, bit, isCut) => {
        const damaged = isCut ? file.slice(0, at) : file.slice();
        if (!isCut) damaged[at] ^= 1 << bit;
        const read = () => readLook(damaged, "a.json");
        if (!isCut && at < file.length - 8 && isSame(damaged)) expect(differencesOf(read().view, small)).toEqual([]);
        else expect(read).toThrow(/^a\.json is no whole sample: .*; export or keep/);
      }),
      { numRuns: 20, examples: [[file.length - 9, 7, false]] },
    );
  });

  it("is refused whichever field is something else", () => {
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(whole)), (path) => {
        const copy = JSON.parse(text) as Record<string, unknown>;
        const holder = path.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as typeof at, copy);
        const last = path[path.length - 1];
        const found = holder[last];
        // null is a number that is not finite.
        holder[last] = found === null || typeof found === "number" || typeof found === "boolean" ? "?" : 0.5;
        expect(() => readLook(utf8(JSON.stringify(copy)), "a.json")).toThrow(last === "base64" ? "base64" : path[0]);
      }),
      { numRuns: 25 },
    );
  });
});

/** Places where two values differ in a bit, or arrays in their kind. Entry by entry, as toEqual does it, takes ten times as long. */
function differencesOf(a: unknown, b: unknown, at = ""): string[] {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
      Buffer.from(buffer, byteOffset, byteLength);
    return a.constructor === b.constructor && bytesOf(a).equals(bytesOf(b)) ? [] : [at];
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b) ? [] : [at];
  const [one, other] = [a, b] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) => differencesOf(one[key], other[key], `${at}.${key}`));
}

/** Paths of all fields that are read, of lists of the first entry alone. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null || path.join() === "about,units") return [[...path]];
  const keys = Array.isArray(value) ? Object.keys(value).slice(0, 1) : Object.keys(value);
  const below = keys.flatMap((key) => pathsOf((value as Record<string, unknown>)[key], [...path, key]));
  return (path.length === 0 ? below : [[...path], ...below]).filter((each) => each.join() !== "about,units");
}
