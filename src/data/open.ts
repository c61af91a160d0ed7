/** Finds out what a folder holds and opens it: an HO-3D tree, HandOccNet's or KeypointFusion's JSON beside images, DexYCB. */
import { ADAPTERS, type AdapterName } from "./adapter";
import { openCocoJson } from "./coco-json";
import { DataError } from "./data-error";
import { dexycbFrames } from "./dexycb";
import type { FrameRecipe } from "./frame-recipe";
import { openHo3d } from "./ho3d";
import { type DataQuirks, NO_QUIRKS } from "./quirks";
import { type FileSource, subfolder } from "./source";
import type { FrameSet, HandModel } from "./types";

/** "evaluation" is the part that a data set keeps for testing: HO-3D calls it evaluation, DexYCB test. */
export type FrameSplit = "train" | "val" | "evaluation";

/** What is opened of a folder. */
export interface OpenOptions {
  readonly split: FrameSplit;
  /** MANO's parameters of JSON files and of DexYCB need it; without one they are left out, which the report says. */
  readonly hand?: HandModel;
  readonly quirks?: DataQuirks;
  /** What the folder is to be read as, where it holds several or a JSON file's own marks mislead. */
  readonly adapter?: AdapterName;
  /** While a long list of labels is read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An opened folder. */
export interface OpenedFrames extends FrameSet {
  readonly adapter: AdapterName;
  /** Of HO-3D's own trees: 2 or 3. */
  readonly version?: number;
  /** Where one file holds the labels of all: a frame without its images, for a thread that is not to read that file. */
  recipe?(id: string): FrameRecipe;
  /** Whether all 21 joints are known. */
  readonly hasTruth: boolean;
  /** True vertices [V * 3] of a frame, metres, OpenCV, where the data set has them. */
  truthVertices(id: string): Promise<Float32Array | undefined>;
}

/** A data set found in a folder: how to read it, and where. */
interface Found {
  readonly adapter: AdapterName | "json";
  readonly root: FileSource;
  /** Where `root` is in the opened files. */
  readonly folder: string;
  /** The JSON file, below `root`. */
  readonly path: string;
}

const JSON_NAME = /^(?:HO3?D|DEX_?YCB).*_(train|val|test|evaluation)(?:_data)?\.json$/i;
/** A person's folder of DexYCB's recordings. */
const DEXYCB_SUBJECT = /^\d{8}-subject-\d+\/$/;

/** Name in a file's or a list's name that stands for a split. */
function splitNames(split: FrameSplit): readonly string[] {
  return split === "evaluation" ? ["evaluation", "test"] : [split];
}

/** Everything in one folder that can be opened, HO-3D's own labels before JSON files made from them. */
async function look(source: FileSource, folder: string, split: FrameSplit, seen: string[]): Promise<Found[]> {
  const root = subfolder(source, folder);
  const names = await root.list("");
  const found: Found[] = [];
  if (names.includes(`${split}.txt`)) found.push({ adapter: "ho3d", root, folder, path: `${split}.txt` });
  const lists = names.includes("annotations/") ? await root.list("annotations") : [];
  for (const path of [...lists.map((name) => `annotations/${name}`), ...names]) {
    const match = JSON_NAME.exec(path.slice(path.lastIndexOf("/") + 1));
    if (match === null) continue;
    if (splitNames(split).includes(match[1].toLowerCase())) found.push({ adapter: "json", root, folder, path });
    else seen.push(path);
  }
  if (names.some((name) => DEXYCB_SUBJECT.test(name))) found.push({ adapter: "dexycb", root, folder, path: "" });
  return found;
}

function fits({ adapter, path }: Found, wanted: AdapterName | undefined): boolean {
  if (wanted === undefined || adapter === wanted) return true;
  const dataset = /ho3?d/i.test(path.slice(path.lastIndexOf("/") + 1)) ? "ho3d" : "dexycb";
  return adapter === "json" && wanted.startsWith(`${dataset}-json`);
}

/** The data set in a folder or one level below. Throws DataError with what was looked for and found. */
async function findData(source: FileSource, { split, adapter }: OpenOptions): Promise<Found> {
  const seen: string[] = [];
  const top = await source.list("");
  const folders = top.filter((name) => name.endsWith("/") && !DEXYCB_SUBJECT.test(name)).slice(0, 100);
  for (const folder of ["", ...folders.map((name) => name.slice(0, -1))]) {
    if (folder === "annotations") continue;
    const found = (await look(source, folder, split, seen)).find((each) => fits(each, adapter));
    if (found !== undefined) return found;
  }
  const kind = adapter === undefined ? "" : ` of ${ADAPTERS[adapter].title}`;
  const others = seen.length > 0 ? `; of other splits: ${seen.slice(0, 3).join(", ")}` : "";
  const files = top.slice(0, 5).join(", ") + (top.length > 5 ? `, ... ${top.length} names` : "");
  const jsons = splitNames(split).map((name) => `HO3D_${name}_data.json, DEX_YCB_s0_${name}_data.json`);
  throw new DataError(
    `${source.name}: no ${split} frames${kind} found; looked in the folder and one level below for ${split}.txt (HO-3D), annotations/ with ${jsons.join(", ")}, and 20200709-subject-01 (DexYCB), and found ${files || "nothing"}${others}`,
    "file missing",
  );
}

/**
 * Opens the frames of one split of a data set that lies in `source` or one level below it. HO-3D's own labels win over a JSON
 * file beside them. Throws DataError with one sentence when nothing is recognised or nothing can be used.
 */
export async function openFrames(source: FileSource, options: OpenOptions): Promise<OpenedFrames> {
  const { split, hand, quirks = NO_QUIRKS, onProgress } = options;
  const { adapter, root, folder, path } = await findData(source, options);
  const none = async (): Promise<undefined> => undefined;
  if (adapter === "ho3d") {
    if (split === "val") {
      throw new DataError(`${root.name}: HO-3D has no split "val", expected train or evaluation`, "no such split");
    }
    return { ...(await openHo3d(root, split, quirks)), adapter };
  }
  if (adapter === "json") {
    const frames = await openCocoJson(root, path, { split, hand, adapter: options.adapter, quirks, onProgress });
    return { ...frames, recipe: (id) => ({ ...frames.recipe(id), folder }), truthVertices: none };
  }
  return { ...(await dexycbFrames(root, { split, hand, onProgress })), adapter, hasTruth: true, truthVertices: none };
}

/** The format in words, e.g. "HO-3D v3". */
export function formatTitle({ adapter, version }: Pick<OpenedFrames, "adapter" | "version">): string {
  return `${ADAPTERS[adapter].title}${version === undefined ? "" : ` v${version}`}`;
}
