/**
 * What is in a DexYCB folder: subjects, sequences, cameras and their calibration, and which of it belongs to which part of the
 * split s0. Opens the small yml files, no image and no label. Source: NVlabs/dex-ycb-toolkit, dex_ycb_toolkit/dex_ycb.py.
 */
import { parse } from "yaml";
import { DataError, messageOf } from "./data-error";
import { type FileSource, readText, subfolder } from "./source";
import type { Frame } from "./types";
import { costOfYaml } from "./yaml-cost";

/** Parts of s0 ("seen subjects, camera views, grasped objects"). val and test share no sequence and no subject. */
export type DexYcbSplit = "train" | "val" | "test";

/** The days on which the ten subjects were recorded; a subject's folder begins with his day. */
const SUBJECT_DAYS = "20200709 20200813 20200820 20200903 20200908 20200918 20200928 20201002 20201015 20201022".split(
  " ",
);
const SEQUENCES_PER_SUBJECT = 100;
const MAX_FRAMES = 100_000;
export const IMAGE_WIDTH = 640;
export const IMAGE_HEIGHT = 480;

/** One recording of one action, seen by all cameras. */
export interface DexYcbSequence {
  /** "20200709-subject-01/20200709_141754". */
  readonly name: string;
  readonly frames: number;
  readonly serials: readonly string[];
  readonly side: "right" | "left";
  readonly shape: Float64Array; // [10] of the subject's hand
}

/** The part of s0 that a sequence belongs to: every fifth of a subject's is for val (subjects 1 and 2) or test (3 to 10). */
export function s0Part(subject: number, sequence: number): DexYcbSplit {
  if (sequence % 5 !== 4) return "train";
  return subject < 2 ? "val" : "test";
}

type Fields = Readonly<Record<string, unknown>>;

/** A yml file's top mapping. Throws DataError naming the file when it is something else. */
async function readYaml(root: FileSource, path: string): Promise<{ name: string; fields: Fields }> {
  const name = `${root.name}/${path}`;
  const text = await readText(root, path);
  // DexYCB's files are plain: a tag would name a type to build, an alias multiplies what stands once.
  const cost =
    costOfYaml(text) ?? (/(?:^|[\s,[{:-])[!&*]/.test(text) ? "the file has a tag, an anchor or an alias" : undefined);
  if (cost !== undefined) throw new DataError(`${name}: ${cost}`, "yml damaged");
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    throw new DataError(`${name}: not readable as YAML (${messageOf(error)})`, "yml damaged");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DataError(`${name}: the file does not hold a mapping of names to values`, "yml damaged");
  }
  return { name, fields: value as Fields };
}

/** The first of a list of names; DexYCB writes one entry for each hand and has one hand. */
function firstName(fields: Fields, key: string, name: string): string {
  const list = fields[key];
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!Array.isArray(list) || list.length !== 1 || typeof first !== "string" || !/^[\w.-]+$/.test(first)) {
    throw new DataError(`${name}: "${key}" is ${JSON.stringify(list)?.slice(0, 80)}, expected a list of one name`);
  }
  return first;
}

/** The folder with the subjects and `calibration`: `source` or one below it. Undefined when there is none. */
export async function findDexYcb(source: FileSource): Promise<FileSource | undefined> {
  const isRoot = (names: readonly string[]): boolean =>
    names.includes("calibration/") && names.some((name) => subjectOf(name) !== undefined);
  const names = await source.list("");
  if (isRoot(names)) return source;
  for (const name of names) {
    const folder = name.slice(0, -1);
    if (name.endsWith("/") && isRoot(await source.list(folder))) return subfolder(source, folder);
  }
  return undefined;
}

/** Number of the subject whose folder this is, from 0; undefined for any other name, -1 for a day on which none was recorded. */
function subjectOf(name: string): number | undefined {
  const day = /^(\d{8})-[\w-]+\/$/.exec(name)?.[1];
  return day === undefined ? undefined : SUBJECT_DAYS.indexOf(day);
}

/** A subject's folder and what was found in it. */
export interface DexYcbSubject {
  readonly folder: string;
  /** Sequences of the wanted part of s0. */
  readonly sequences: readonly string[];
  /** All sequences that are there, 100 when the folder is complete. */
  readonly found: number;
  readonly isKnown: boolean;
}

/** Subjects and the names of their sequences in one part of s0. With fewer than 100 sequences their places differ from the published ones. */
export async function listSubjects(root: FileSource, split: DexYcbSplit): Promise<DexYcbSubject[]> {
  const subjects: DexYcbSubject[] = [];
  for (const entry of await root.list("")) {
    const subject = subjectOf(entry);
    if (subject === undefined) continue;
    const folder = entry.slice(0, -1);
    const names = (await root.list(folder)).filter((name) => /^\d{8}_\d{6}\/$/.test(name));
    const sequences = names.filter((_, i) => subject >= 0 && s0Part(subject, i) === split);
    subjects.push({
      folder,
      sequences: sequences.map((name) => `${folder}/${name.slice(0, -1)}`),
      found: names.length,
      isKnown: subject >= 0,
    });
  }
  return subjects;
}

/** Whether a subject's folder is whole, so that places in it are those of the published split. */
export function isComplete(subject: DexYcbSubject): boolean {
  return subject.found === SEQUENCES_PER_SUBJECT;
}

/** What meta.yml and the calibration of the hand say of one sequence. Throws DataError naming the file. */
export async function readSequence(root: FileSource, sequence: string): Promise<DexYcbSequence> {
  const { name, fields } = await readYaml(root, `${sequence}/meta.yml`);
  const { serials, num_frames: frames } = fields;
  if (!Array.isArray(serials) || !serials.every((serial) => /^\w+$/.test(String(serial)))) {
    throw new DataError(`${name}: "serials" is not a list of cameras`, "yml damaged");
  }
  if (!Number.isInteger(frames) || !(Number(frames) >= 0 && Number(frames) <= MAX_FRAMES)) {
    throw new DataError(`${name}: "num_frames" is ${frames}, expected 0 to ${MAX_FRAMES}`, "yml damaged");
  }
  const side = firstName(fields, "mano_sides", name);
  if (side !== "right" && side !== "left") {
    throw new DataError(`${name}: "mano_sides" is ${side}, expected right or left`, "yml damaged");
  }
  const calibration = `calibration/mano_${firstName(fields, "mano_calib", name)}/mano.yml`;
  const hand = await readYaml(root, calibration);
  const { betas } = hand.fields;
  if (!Array.isArray(betas) || betas.length !== 10 || !betas.every(Number.isFinite)) {
    throw new DataError(`${hand.name}: "betas" is not a list of 10 numbers`, "yml damaged");
  }
  return {
    name: sequence,
    frames: Number(frames),
    serials: serials.map(String),
    side,
    shape: Float64Array.from(betas),
  };
}

/** fx, fy, cx, cy of a camera's colour images (depth is aligned to them). Throws DataError naming the file. */
export async function readIntrinsics(root: FileSource, serial: string): Promise<Frame["camera"]> {
  const path = `calibration/intrinsics/${serial}_${IMAGE_WIDTH}x${IMAGE_HEIGHT}.yml`;
  const { name, fields } = await readYaml(root, path);
  const colour = (fields.color ?? {}) as Fields;
  const [fx, fy, cx, cy] = ["fx", "fy", "ppx", "ppy"].map((key) => colour[key]);
  const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
  if (!isNumber(fx) || !isNumber(fy) || !isNumber(cx) || !isNumber(cy) || fx <= 0 || fy <= 0) {
    throw new DataError(`${name}: "color" does not hold fx, fy, ppx and ppy, focal lengths above 0`, "yml damaged");
  }
  return [fx, fy, cx, cy];
}
