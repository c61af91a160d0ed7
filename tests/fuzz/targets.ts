/** What is fuzzed: for each format its reader, the files to start from and the words that its files are made of. */
import { readFileSync } from "node:fs";
import { zipSync } from "fflate";
import { PRESETS, parseConfig, writeConfig } from "../../src/config";
import { DataError } from "../../src/data/data-error";
import { readIntrinsics } from "../../src/data/dexycb-tree";
import { decodeJpeg, encodeJpeg } from "../../src/data/jpeg";
import { listElements } from "../../src/data/json-lists";
import { parsePoints } from "../../src/data/json-numbers";
import { readManoFile } from "../../src/data/mano-file";
import { openNpz } from "../../src/data/npz";
import { toNumbers } from "../../src/data/numpy";
import { writePickle } from "../../src/data/pickle-write";
import { decodeDepthPng, decodeRgbPng, encodeDepthPng, encodeRgbPng } from "../../src/data/png";
import { memorySource } from "../../src/data/source";
import { zipSource } from "../../src/data/source-zip";
import { unpickle, unpickleDictionary } from "../../src/data/unpickle";
import { readSafetensors, writeSafetensors } from "../../src/export/safetensors";
import { bytes, chunk, mendPng, mendSafetensors, npy, pickledArray, png, safetensors } from "./files";

export interface Target {
  readonly name: string;
  /** Inputs of the whole run. */
  readonly runs: number;
  readonly seeds: readonly Uint8Array[];
  readonly words: readonly Uint8Array[];
  /** Reads a file as the program does; throws its typed errors only. */
  read(file: Uint8Array): unknown;
  /** Repairs what would hide a damage from the reader's inner parts (checksums, lengths). */
  mend?(file: Uint8Array): Uint8Array;
}

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(`tests/data/fixtures/${name}`));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const words = (...parts: (string | number[])[]): Uint8Array[] => parts.map((part) => bytes(part));
const ramp = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7) & 255);
const NAME = "x.file";

/** `toNumbers` throws plain Error with a sentence, which its callers put behind the name of the file and the entry. */
function numbersOf(value: unknown): void {
  try {
    toNumbers(value);
  } catch (error) {
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
  }
}

const pickle: Target = {
  name: "pickle",
  runs: 1_000_000,
  seeds: [
    ...[0, 1, 2, 3, 4, 5].map((protocol) => fixture(`values-protocol${protocol}.pkl`)),
    ...["values-python2", "ho3d-train", "ho3d-evaluation", "ho3d-train-none", "names-os-system"].map((name) =>
      fixture(`${name}.pkl`),
    ),
    fixture("mano-right.pkl").subarray(0, 6000),
    writePickle(
      new Map([["camMat", { dtype: "f8", shape: [3, 3], data: Float64Array.from({ length: 9 }, (_, i) => i) }]]),
    ),
    pickledArray([2n, 2n], "f8", new Uint8Array(32)),
    bytes("\x80\x02]q\x00(K\x01h\x00e0]q\x01(h\x01h\x01eh\x01\x86."),
    bytes("\x80\x02cscipy.sparse.csc\ncsc_matrix\n)\x81}(U\x04dataK\x01U\x06_shape](K\x01K\x01eub."),
  ],
  words: words(
    ..."(.012NRabdelst}]u)ioQcghjpqrBCTUXIFLSVJKMG\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x93\x94\x95\x96\x97\x98",
    ...[
      "cnumpy\nndarray\n",
      "cnumpy\ndtype\n",
      "c__builtin__\nset\n",
      "c_codecs\nencode\n",
      "ccopy_reg\n_reconstructor\n",
    ],
    ...[
      "cnumpy.core.multiarray\n_reconstruct\n",
      "cnumpy.core.multiarray\nscalar\n",
      "cchumpy.ch\nCh\n",
      "cos\nsystem\n",
    ],
    ...["U\x09__proto__", "U\x0bconstructor", "U\x06length", "U\x09prototype", "}U\x09__proto__}U\x08pollutedK\x01ss"],
    ...[
      "U\x0c__setstate__",
      "]q\x00h\x00h\x00\x86q\x00",
      "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
      "I999999999\n",
      "Fnan\n",
    ],
  ),
  read: (file) => {
    const value = unpickle(file, NAME);
    if (!(value instanceof Map)) return numbersOf(value);
    const entries = unpickleDictionary(file, NAME);
    for (const entry of entries.values()) numbersOf(entry);
    if (entries.has("v_template")) readManoFile(file, NAME, [0, 0, 0, 0, 0]);
  },
};

const [W, H] = [12, 7];
const pngTarget: Target = {
  name: "png",
  runs: 200_000,
  seeds: [
    encodeRgbPng({ width: W, height: H, data: ramp(W * H * 3) }),
    encodeDepthPng({ width: W, height: H, data: Float32Array.from({ length: W * H }, (_, i) => 0.4 + i / 200) }),
    png({ width: 4, height: 3, colour: 3, depth: 2, raw: ramp(6), extra: [chunk("PLTE", ramp(12))] }),
    png({ width: 4, height: 3, colour: 3, raw: new Uint8Array(15), extra: [chunk("PLTE", ramp(12))] }),
    png({ width: 5, height: 4, colour: 6, raw: new Uint8Array(84).fill(4) }),
    png({ width: 2, height: 2, colour: 2, interlace: 1, raw: new Uint8Array(15) }),
    png({ width: 3, height: 2, colour: 0, depth: 16, raw: new Uint8Array(14) }),
    png({
      width: 3,
      height: 2,
      raw: new Uint8Array(20),
      extra: [chunk("gAMA", bytes([0, 1, 0, 0])), chunk("sRGB", bytes([0]))],
    }),
  ],
  words: [
    ...["gAMA", "iCCP", "zTXt", "acTL", "tRNS", "sPLT"].map((type) => chunk(type, ramp(8))),
    ...[chunk("IDAT"), chunk("IEND"), chunk("PLTE", ramp(6)), chunk("IDAT", ramp(9))],
    ...words("IHDR", "IDAT", "IEND", "PLTE", "fdAT", "\x78\x9c", "\x00\x00\x10\x00"),
  ],
  mend: mendPng,
  read: (file) => {
    decodeRgbPng(file, NAME);
    decodeDepthPng(file, NAME);
  },
};

const jpegSeeds = [
  [16, 16],
  [24, 9],
  [8, 8],
].map(([width, height], i) => encodeJpeg({ width, height, data: ramp(width * height * 3) }, 30 + 30 * i));

const jpegTarget: Target = {
  name: "jpeg",
  runs: 200_000,
  seeds: jpegSeeds,
  words: [
    ...words(
      [0xff, 0xd8],
      [0xff, 0xd9],
      [0xff, 0xda],
      [0xff, 0xc0],
      [0xff, 0xc2],
      [0xff, 0xc4],
      [0xff, 0xdb],
      [0xff, 0xd0],
    ),
    ...words(
      [0xff, 0xff],
      [0xff, 0],
      [0xff, 0xdd, 0, 4, 0, 1],
      [0xff, 0xfe, 0xff, 0xff],
      [8, 0xff, 0xff, 0xff, 0xff, 3],
      [0x44],
    ),
  ],
  read: (file) => decodeJpeg(file, NAME),
};

const zipTarget: Target = {
  name: "zip",
  runs: 200_000,
  seeds: [
    zipSync({ "a/b.txt": encode("text ".repeat(20)), "a/c.bin": ramp(60) }),
    zipSync({ "only.txt": [ramp(80), { level: 0 }] }),
    zipSync({ d: { "e.json": encode('{"a": [1, 2, 3]}') }, "f.pkl": ramp(5) }),
  ],
  words: words(
    ...[
      "PK\x03\x04",
      "PK\x01\x02",
      "PK\x05\x06",
      "PK\x06\x06",
      "PK\x06\x07",
      "PK\x07\x08",
      "../",
      "..\\",
      "C:\\",
      "/",
      "\x00",
    ],
    ...["__proto__", "constructor", "\x01\x00\x1c\x00", "\xff\xff\xff\xff"],
  ),
  read: async (file) => {
    const source = await zipSource(new Blob([file as Uint8Array<ArrayBuffer>]), NAME);
    for (const folder of ["", "a", "d"]) {
      for (const name of await source.list(folder)) {
        if (!name.endsWith("/")) await source.read(folder === "" ? name : `${folder}/${name}`);
      }
    }
  },
};

const npzTarget: Target = {
  name: "npz",
  runs: 200_000,
  seeds: [
    fixture("arrays.npz"),
    zipSync({
      "a.npy": npy("'<f8'", "(2, 3)", new Uint8Array(48)),
      "b.npy": [npy("'|u1'", "(5,)", ramp(5)), { level: 0 }],
    }),
  ],
  words: words(
    ...[
      "PK\x03\x04",
      "PK\x01\x02",
      "PK\x05\x06",
      "\x93NUMPY",
      "'descr'",
      "'shape'",
      "'<f8'",
      "'|O'",
      "(9999999999,)",
      "True",
    ],
    ...["__proto__.npy", "99999999999999999999", "\xff\xff\xff\xff"],
  ),
  read: (file) => {
    const npz = openNpz(file, NAME);
    for (const name of npz.names) npz.read(name);
  },
};

const points = JSON.stringify([0, 1].map((i) => [0, 1, 2].map((j) => [i, -j / 3, 1e-7 * j])));
const coco = JSON.stringify({
  images: [{ id: 1, file_name: "a/b.png", param: { focal: [600, 600], princpt: [320, 240] } }],
  annotations: [{ image_id: 1, joint: [[0, 0, 1]], text: 'a "quoted" \\ é' }],
});

const jsonTarget: Target = {
  name: "json",
  runs: 200_000,
  seeds: [encode(points), encode(coco), encode('{"images": [], "x": {"__proto__": {"polluted": 1}}}')],
  words: words(
    ...[
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      "\\",
      "\\u0000",
      "1e309",
      "-",
      "NaN",
      "Infinity",
      "null",
      "[[[[[[[[[[",
      "0x1",
    ],
    ...['"__proto__":', '"images":', '"constructor":', "\xc3", "\xff", "e", "E+", "99999999999999999999"],
  ),
  read: (file) => {
    if (file[0] === 0x7b) {
      const lists = new Map<string, Map<number, unknown>>();
      for (const { list, index, value } of listElements(file, new Set(["images", "annotations"]), NAME)) {
        lists.set(list, (lists.get(list) ?? new Map()).set(index, value));
      }
    } else parsePoints(file, 2, 3, NAME);
  },
};

const CAMERA = "calibration/intrinsics/1_640x480.yml";
const yamlTarget: Target = {
  name: "yaml",
  runs: 200_000,
  seeds: [
    fixture("original-config.yaml").subarray(0, 900),
    encode("preset: tiny\noptim: {lr: 1.0e-04, batch: 8}\nmodel:\n  gcn: [64, 32]\nquirks: [bgr]\n"),
    encode(writeConfig(PRESETS.tiny()).slice(0, 800)),
    encode("color:\n  fx: 615.1\n  fy: 614.9\n  ppx: 312.2\n  ppy: 241.4\ndepth: {fx: 1}\n"),
  ],
  words: words(
    ...[
      "- ",
      "? ",
      ": ",
      "&a ",
      "*a",
      "<<: *a",
      "!!js/function ",
      "!!python/object:os.system ",
      ".nan",
      "1e309",
      "-.inf",
      "0x7f",
    ],
    ...[
      "__proto__: {polluted: 1}\n",
      "constructor: ",
      "|\n",
      ">-\n",
      "---\n",
      "%YAML 1.1\n",
      "[",
      "{",
      "]",
      "}",
      "'",
      '"',
      "\t",
      "#",
    ],
  ),
  read: async (file) => {
    const text = new TextDecoder().decode(file);
    if (text.startsWith("color")) await readIntrinsics(memorySource(NAME, new Map([[CAMERA, file]])), "1");
    else parseConfig(text);
  },
};

const safetensorsTarget: Target = {
  name: "safetensors",
  runs: 200_000,
  seeds: [
    writeSafetensors(
      new Map([
        ["a.weight", { dtype: "F32", shape: [2, 3], data: new Float32Array(6) }],
        ["b", { dtype: "I64", shape: [], data: new BigInt64Array(1) }],
        ["c", { dtype: "U32", shape: [0, 4], data: new Uint32Array(0) }],
      ]),
      { step: "7" },
    ),
    safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4)),
  ],
  words: words(
    ...[
      '"a":',
      '"__metadata__":{',
      '"dtype":"F32"',
      '"shape":[',
      '"data_offsets":[',
      "[0,0]",
      "[8,4]",
      "18446744073709551616",
    ],
    ...["4294967296", "-1", "0.5", "1e2", '"__proto__":', "\\u0000", "{", "}", "[", "]", ",", "[[[[[[[["],
  ),
  mend: mendSafetensors,
  read: (file) => readSafetensors(file, NAME),
};

export const TARGETS: readonly Target[] = [
  ...[pickle, pngTarget, jpegTarget, zipTarget, npzTarget, jsonTarget, yamlTarget, safetensorsTarget],
];

export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined)
    throw new DataError(`no format "${name}", expected ${TARGETS.map((t) => t.name).join(", ")}`);
  return found;
}
