/** Files made to harm: code to run, lengths that lie, bombs, loops, prototypes, shapes beyond the bytes. Made anew each time. */
import { zipSync, zlibSync } from "fflate";
import { encodeJpeg } from "../../src/data/jpeg";
import { bytes, chunk, little, npy, pickledArray, png, safetensors } from "./files";

export interface Hostile {
  readonly format: string;
  readonly name: string;
  /** Part of the refusal; undefined: harmless, must be read. */
  readonly refusal: string | undefined;
  make(): Uint8Array;
}

type Row = readonly [name: string, refusal: string | undefined, make: () => Uint8Array];

const of = (format: string, rows: readonly Row[]): Hostile[] =>
  rows.map(([name, refusal, make]) => ({ format, name, refusal, make }));
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const P = "\x80\x02";
const tensor = (shape: readonly number[], offsets: readonly number[], dtype = "F32"): object => ({
  dtype,
  shape,
  data_offsets: offsets,
});
const ZEROS = new Uint8Array(8);
const MEGA = 1 << 20;

const pickles: Row[] = [
  ["os.system by REDUCE", '"os.system"', () => bytes(P, "cos\nsystem\nX\x04\x00\x00\x00true\x85R.")],
  ["eval by REDUCE", '"builtins.eval"', () => bytes(P, "cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R.")],
  ["os.system by STACK_GLOBAL", '"os.system"', () => bytes("\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.")],
  ["INST", 'opcode "i"', () => bytes("(S'true'\nios\nsystem\n.")],
  ["OBJ", 'opcode "o"', () => bytes("(cos\nsystem\nS'true'\no.")],
  ["NEWOBJ", '"os.popen"', () => bytes(P, "cos\npopen\nX\x04\x00\x00\x00true\x85\x81.")],
  [
    "BUILD of __proto__ on a dictionary",
    undefined,
    () => bytes(P, "}}X\x09\x00\x00\x00__proto__}X\x08\x00\x00\x00pollutedK\x01ssb."),
  ],
  ["BUILD of __proto__ on a list", "no data file needs", () => bytes(P, "]}X\x09\x00\x00\x00__proto__}sb.")],
  ["BUILD of a list's length", "grow to more", () => bytes(P, "]}X\x06\x00\x00\x00lengthJ\xff\xff\xff\x7fsb.")],
  ["key __proto__", undefined, () => bytes(P, "}X\x09\x00\x00\x00__proto__}X\x08\x00\x00\x00pollutedK\x01ss.")],
  ["key constructor", undefined, () => bytes(P, "}X\x0b\x00\x00\x00constructor}X\x09\x00\x00\x00prototypeK\x01ss.")],
  ["list 500,000 deep", "deeper than 100", () => bytes(P, "]".repeat(100_000), "a".repeat(99_999), ".")],
  ["tuple 500,000 deep", "deeper than 100", () => bytes(P, ")", "\x85".repeat(200_000), ".")],
  ["a million opcodes more", "opcodes", () => bytes(P, "N0".repeat(600_000), "N.")],
  [
    "lists that share each other, 4^30",
    "grow to more",
    () =>
      bytes(
        P,
        "]q\x00",
        ...Array.from({ length: 30 }, (_, i) => bytes("](h", [i], "h", [i], "h", [i], "h", [i], "eq", [i + 1])),
        ".",
      ),
  ],
  ["pairs of the same, 2^60", "grow to more", () => bytes(P, "]", "2\x86".repeat(60), ".")],
  ["memo 2^31 - 1", undefined, () => bytes(P, "Nr\xff\xff\xff\x7f.")],
  ["memo 10^20", undefined, () => bytes(P, "Np999999999999999999999\n.")],
  ["memo that was never put", "memo 9", () => bytes(P, "h\x09.")],
  ["integer of 2 GB", "ends at byte", () => bytes(P, "\x8b\xff\xff\xff\x7f", "\x01".repeat(8), ".")],
  ["integer of negative length", "ends at byte", () => bytes(P, "\x8b\xff\xff\xff\xff.")],
  ["text of 4 GB", "ends at byte", () => bytes(P, "X\xff\xff\xff\xffAAAA.")],
  ["text of 2^63 bytes", "ends at byte", () => bytes("\x80\x04\x8d", little(2n ** 63n - 1n, 8), "AA.")],
  ["bytes of 2^62 bytes", "ends at byte", () => bytes("\x80\x04\x8e", little(2n ** 62n, 8), "AA.")],
  ["bytearray of a terabyte", "ends at byte", () => bytes("\x80\x05\x96", little(2n ** 40n, 8), "AA.")],
  ["frame of 2^63 bytes", undefined, () => bytes("\x80\x04\x95", little(2n ** 63n, 8), "N.")],
  ["decimal of two million digits", "not an integer", () => bytes("I", "9".repeat(2 * MEGA), "\n.")],
  ["text line that never ends", "does not end", () => bytes("S'", "a".repeat(MEGA))],
  ["NaN", undefined, () => bytes(P, "G\x7f\xf8\x00\x00\x00\x00\x00\x00.")],
  ["no end", "ends at byte", () => bytes(P, "N".repeat(100))],
  ["append to nothing", "do not fit", () => bytes(P, "a.")],
  ["appends without a mark", "do not fit", () => bytes(P, "]K\x01e.")],
  ["pop from nothing", undefined, () => bytes(P, "0000N.")],
  ["value from an empty stack", "empty stack", () => bytes(P, ")\x87.")],
  ["persistent id", 'opcode "Q"', () => bytes(P, "X\x04\x00\x00\x00evilQ.")],
  ["extension", "opcode 0x82", () => bytes(P, "\x82\x01.")],
  ["list that holds itself", "holds itself", () => bytes(P, "]q\x00h\x00a.")],
  ["array of 2^60 numbers", "has 32 bytes", () => pickledArray([2n ** 40n, 2n ** 20n], "f8", new Uint8Array(32))],
  ["array whose size wraps to 0", "has 0 bytes", () => pickledArray([2n ** 32n, 2n ** 32n], "f8", new Uint8Array(0))],
  ["array with a negative side", "not a tuple of sizes", () => pickledArray([-1n, 4n], "f8", new Uint8Array(32))],
  ["array with too few bytes", "has 32 bytes", () => pickledArray([100n, 100n], "f8", new Uint8Array(32))],
  [
    "array with no numbers and a side of 2^50",
    "has 0 bytes",
    () => pickledArray([0n, 2n ** 50n], "f8", new Uint8Array(0)),
  ],
  ["array that fits", undefined, () => pickledArray([2n, 2n], "f8", new Uint8Array(32))],
];

const tensors: Row[] = [
  ["good", undefined, () => safetensors({ a: tensor([2], [0, 8]) }, ZEROS)],
  ["header of 2^63 bytes", "claims", () => bytes(little(2n ** 63n, 8), "{}")],
  ["header beyond 100 MB", "at most 100000000", () => bytes(little(100_000_001, 8), "{}")],
  ["overlap", "overlap", () => safetensors({ a: tensor([2], [0, 8]), b: tensor([1], [4, 8]) }, ZEROS)],
  ["hole", "hole", () => safetensors({ a: tensor([1], [0, 4]), b: tensor([1], [8, 12]) }, new Uint8Array(12))],
  ["beyond the end", "ends at byte 16", () => safetensors({ a: tensor([4], [0, 16]) }, ZEROS)],
  ["reversed", "begins at byte 8", () => safetensors({ a: tensor([1], [8, 4]) }, ZEROS)],
  ["negative offset", "whole numbers", () => safetensors({ a: tensor([1], [-4, 0]) }, ZEROS)],
  ["fractional offset", "whole numbers", () => safetensors({ a: tensor([1], [0.5, 4.5]) }, ZEROS)],
  ["shape of 2^96", "expected", () => safetensors({ a: tensor([2 ** 32, 2 ** 32, 2 ** 32], [0, 8]) }, ZEROS)],
  [
    "name twice",
    "twice",
    () =>
      safetensors(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        ZEROS,
      ),
  ],
  [
    "name __proto__",
    undefined,
    () => safetensors('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4)),
  ],
  ["dtype toString", "dtype toString", () => safetensors({ a: tensor([1], [0, 4], "toString") }, new Uint8Array(4))],
  [
    "zip after the data",
    "bytes follow",
    () => safetensors({ a: tensor([1], [0, 4]) }, bytes(new Uint8Array(4), "PK\x03\x04")),
  ],
  [
    "100,000 tensors",
    "more than 10000",
    () => safetensors(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`t${i}`, tensor([0], [0, 0])]))),
  ],
  ["deep JSON", "no", () => safetensors(`{"__metadata__":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)],
  ["name with a terminal's escape", "expected 4", () => safetensors({ "\u001b[2J\u202e": tensor([1], [0, 8]) }, ZEROS)],
];

const row = (width: number): Uint8Array => new Uint8Array(width + 1);

const images: Row[] = [
  ["400 Mpx", "20000 x 20000", () => png({ width: 20_000, height: 20_000, colour: 0, depth: 1, raw: row(MEGA) })],
  ["3.6 Gpx", "60000 x 60000", () => png({ width: 60_000, height: 60_000, colour: 0, depth: 1, raw: row(MEGA) })],
  ["2^31 - 1 pixels wide", "2147483647 x 2147483647", () => png({ width: 2 ** 31 - 1, height: 2 ** 31 - 1 })],
  ["no pixel", "0 x 0", () => png({ width: 0, height: 0 })],
  ["16 Mpx in 60 bytes", "cannot hold", () => png({ width: 4096, height: 4096, colour: 0, raw: row(9) })],
  [
    "64 MB behind a header of 8 x 8",
    "hold more than 200 bytes",
    () => png({ width: 8, height: 8, raw: new Uint8Array(64 * MEGA) }),
  ],
  [
    "64 MB of text",
    undefined,
    () =>
      png({
        width: 8,
        height: 8,
        raw: new Uint8Array(200),
        extra: [chunk("zTXt", bytes("a\0\0", zlibSync(new Uint8Array(64 * MEGA))))],
      }),
  ],
  [
    "64 MB of colour profile",
    undefined,
    () =>
      png({
        width: 8,
        height: 8,
        raw: new Uint8Array(200),
        extra: [chunk("iCCP", bytes("a\0\0", zlibSync(new Uint8Array(64 * MEGA))))],
      }),
  ],
  [
    "100,000 empty chunks",
    undefined,
    () =>
      png({
        width: 8,
        height: 8,
        raw: new Uint8Array(200),
        extra: Array.from({ length: 100_000 }, () => chunk("tEXt")),
      }),
  ],
  ["cut", "cut off", () => png({ width: 64, height: 48, raw: new Uint8Array(48 * 193) }).subarray(0, 60)],
  ["wrong checksum", "checksum", () => png({ width: 64, height: 48, raw: new Uint8Array(48 * 193) }).with(50, 0xff)],
  [
    "program after the end",
    "follow the PNG's end chunk",
    () => bytes(png({ width: 1, height: 1, raw: row(3) }), "PK\x03\x04"),
  ],
];

function jpegOf(width: number, height: number): Uint8Array {
  const file = encodeJpeg({ width: 16, height: 16, data: new Uint8Array(768).fill(90) }, 80);
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  file.set([height >> 8, height & 255, width >> 8, width & 255], frame + 5);
  return file;
}

const jpegs: Row[] = [
  ["4 Gpx", "65535 x 65535", () => jpegOf(65_535, 65_535)],
  ["16 Mpx in 700 bytes", "take", () => jpegOf(4000, 4000)],
  ["no pixel", "0 x 16", () => jpegOf(0, 16)],
  ["cut", "cut off", () => jpegOf(16, 16).subarray(0, -2)],
  [
    "a thousand scans",
    "more than 100 scans",
    () => {
      const file = jpegOf(16, 16);
      const scan = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xda);
      return bytes(
        file.subarray(0, scan),
        ...Array.from({ length: 1000 }, () => file.subarray(scan, -2)),
        [0xff, 0xd9],
      );
    },
  ],
  [
    "two frames",
    "two frame headers",
    () => {
      const file = jpegOf(16, 16);
      const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
      return bytes(file.subarray(0, frame + 19), file.subarray(frame));
    },
  ],
  ["marker without length", "no length", () => jpegOf(16, 16).with(4, 0).with(5, 0)],
];

const yamls: Row[] = [
  [
    "aliases of aliases",
    "anchors",
    () =>
      text(
        `a: &a [x,x,x]\n${[..."bcdefghij"].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefghi"[i]}`).join(",")}]\n`).join("")}`,
      ),
  ],
  [
    "__proto__",
    "no key",
    () => text("__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\npreset: tiny\n"),
  ],
  ["merge of __proto__", "anchors", () => text("base: &b {__proto__: {polluted: 1}}\ncfg:\n  <<: *b\n")],
  ["!!js/function", "nresolved tag", () => text('preset: !!js/function "function(){globalThis.pwned=1}"\n')],
  ["!!python/object", "nresolved tag", () => text('preset: !!python/object/apply:os.system ["true"]\n')],
  ["100,000 brackets", "at most 65536", () => text(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)],
  ["1000 brackets", "deeper than 20", () => text("[".repeat(1000))],
  ["60,000 commas", "other marks", () => text(`a: [${",".repeat(60_000)}]`)],
  ["9000 keys", "other marks", () => text(Array.from({ length: 9000 }, (_, i) => `k${i}:`).join("\n"))],
  ["20,000 anchors", "other marks", () => text("&a ".repeat(20_000))],
  ["lists in lists", "other marks", () => text("- &a ".repeat(10_000))],
  ["NaN", "optim.lr is NaN", () => text("preset: tiny\noptim: {lr: .nan}\n")],
  ["infinity", "optim.lr is Infinity", () => text("preset: tiny\noptim: {lr: 1e309}\n")],
  ["negative batch", "optim.batch is -1", () => text("preset: tiny\noptim: {batch: -1}\n")],
  ["seed beyond 2^64", "run.seed", () => text("preset: tiny\nrun: {seed: 0x7fffffffffffffffffff}\n")],
  ["page script as a key", "no key", () => text('preset: tiny\n"<img src=x onerror=window.pwned=1>": 1\n')],
];

const jsons: Row[] = [
  ["200,000 deep", "nested 4 deep", () => text(`${"[".repeat(200_000)}${"]".repeat(200_000)}`)],
  ["200,000 deep in an object", "64 deep", () => text(`{"images": [${"[".repeat(200_000)}${"]".repeat(200_000)}]}`)],
  ["__proto__", undefined, () => text('{"__proto__":{"polluted":1},"images":[{"__proto__":{"polluted":1}}]}')],
  ["text that never ends", "whole JSON value", () => text(`{"images": ["${"a".repeat(MEGA)}`)],
  ["a million digits", "a list ends", () => text(`[[[${"9".repeat(MEGA)}]]]`)],
  ["a megabyte of other keys", undefined, () => text(`{"x": [${"0,".repeat(MEGA / 2)}0]}`)],
];

const folder = (names: readonly string[]): Uint8Array =>
  zipSync(Object.fromEntries(names.map((name) => [name, text("x")])));

/** The same file with one name in place of another of the same length. */
function renamed(file: Uint8Array, from: string, to: string): Uint8Array {
  return bytes(String.fromCharCode(...file).replaceAll(from, to));
}

/** The declared sizes of the first file, in its directory entry and its local header. */
function declared(file: Uint8Array, size: number): Uint8Array {
  const out = file.slice();
  const entry = out.findIndex((_, i) => out[i] === 0x50 && out[i + 1] === 0x4b && out[i + 2] === 1 && out[i + 3] === 2);
  out.set(little(size, 4), entry + 24);
  out.set(little(size, 4), 22);
  return out;
}

const bomb = (): Uint8Array => zipSync({ a: new Uint8Array(64 * MEGA) });

const zips: Row[] = [
  ["names that leave the tree", "names a file", () => folder(["../../evil.txt"])],
  ["absolute name", "names a file", () => folder(["/abs.txt"])],
  ["backslashes", "names a file", () => folder(["..\\win.txt"])],
  ["drive letter", "names a file", () => folder(["C:/x"])],
  ["NUL in a name", "names a file", () => folder(["a/\0b"])],
  ["ratio of 1000", "grow from", bomb],
  ["lying size", "unpacks to more than", () => declared(bomb(), 16)],
  ["lying size of 4 GB", "bytes", () => declared(folder(["a"]), 2 ** 32 - 2)],
  ["names of Object", undefined, () => renamed(folder(["__prota__", "constructor"]), "__prota__", "__proto__")],
  ["a file that is a folder", "as a file and as a folder", () => folder(["a", "a/b"])],
  ["one name twice", "twice", () => renamed(folder(["aaa", "bbb"]), "bbb", "aaa")],
  ["no zip", "no zip archive", () => text("PK, said the file")],
];

const npzs: Row[] = [
  ["array of 10^20 numbers", "expected", () => zipSync({ "a.npy": npy("'<f8'", "(99999999999999999999,)", ZEROS) })],
  ["objects", "objects", () => zipSync({ "a.npy": npy("'|O'", "(1,)", ZEROS) })],
  ["structured dtype", "does not say", () => zipSync({ "a.npy": npy("[('a', '<f8')]", "(1,)", ZEROS) })],
  ["negative side", "does not say", () => zipSync({ "a.npy": npy("'<f8'", "(-1,)", ZEROS) })],
  [
    "lying size",
    "checksum",
    () => declared(zipSync({ "a.npy": npy("'|u1'", `(${64 * MEGA},)`, new Uint8Array(64 * MEGA)) }), 16),
  ],
];

export const HOSTILE: readonly Hostile[] = [
  ...of("pickle", pickles),
  ...of("safetensors", tensors),
  ...of("png", images),
  ...of("jpeg", jpegs),
  ...of("yaml", yamls),
  ...of("json", jsons),
  ...of("zip", zips),
  ...of("npz", npzs),
];
