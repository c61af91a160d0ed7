/** Runs that come from elsewhere: a zip that was downloaded, or a checkpoint of another run. */
import { sha256 } from "../data/shards/format";
import type { FileSource } from "../data/source";
import { checkpointFolder, storedSteps } from "../train/checkpoint";
import { linesUpTo, parseState } from "../train/checkpoint-state";
import { checkedLook } from "../train/inspect/kept";
import { type RunStorage, utf8 } from "../train/storage";
import { writeNotes } from "./run-summary";

/** Letters that every file of a run has; folders at most two deep. */
const PATH = /^[\w.-]+(\/[\w.-]+){0,2}$/;
const CHECKPOINT = /^checkpoints\/step-(\d{6,})\/([\w.-]+)$/;
/** Files that go with any checkpoint of a run, and those of which only the lines up to its step do. */
const SHARED_FILES = ["config.yaml", "splits/train.txt", "splits/val.txt"];
const LINE_FILES = ["metrics.jsonl", "times.jsonl"];

/** A run's files as they are in an archive, checked. */
export interface ArchivedRun {
  /** Name of the folder that they lie in. */
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * The run in a zip, as "Whole run" packs it: one folder with config.yaml. All of it is read and checked before anything is
 * returned: paths, sizes and checksums, every line of the metrics, every kept sample, every checkpoint by its digests. Throws a
 * sentence.
 */
export async function readArchive(
  source: FileSource,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<ArchivedRun> {
  const refuse = (what: string): never => {
    throw new Error(`${source.name}: ${what}; download the whole run again and import that zip unchanged`);
  };
  const paths = await pathsOf(source);
  const folder = paths.find((path) => /^[^/]+\/config\.yaml$/.test(path))?.split("/")[0];
  const root = paths.includes("config.yaml") ? "" : folder === undefined ? undefined : `${folder}/`;
  if (root === undefined) return refuse("there is no config.yaml in it, expected the zip of a run");
  const outside = paths.find((path) => !path.startsWith(root));
  if (outside !== undefined) refuse(`"${outside}" lies outside of the run's folder "${folder}"`);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [i, path] of paths.entries()) {
    const short = path.slice(root.length);
    if (!PATH.test(short)) refuse(`"${short.slice(0, 80)}" is no name of a run's file`);
    files.set(short, (await source.read(path)) as Uint8Array<ArrayBuffer>);
    progress(i + 1, paths.length);
  }
  for (const file of LINE_FILES) {
    const bytes = files.get(file);
    if (bytes === undefined) continue;
    try {
      linesUpTo(new TextDecoder().decode(bytes), Number.POSITIVE_INFINITY, file);
    } catch (error) {
      refuse((error as Error).message);
    }
  }
  for (const [path, bytes] of files) {
    if (!path.startsWith("looks/")) continue;
    try {
      checkedLook(bytes, path, source.name);
    } catch (error) {
      refuse((error as Error).message);
    }
  }
  await verifyCheckpoints(files, refuse);
  return { name: folder ?? source.name.replace(/\.zip$/i, ""), files };
}

async function pathsOf(source: FileSource, folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await source.list(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name.endsWith("/")) paths.push(...(await pathsOf(source, path.slice(0, -1))));
    else paths.push(path);
  }
  return paths;
}

async function verifyCheckpoints(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  refuse: (what: string) => never,
): Promise<void> {
  const steps = new Set([...files.keys()].flatMap((path) => CHECKPOINT.exec(path)?.[1] ?? []));
  for (const step of steps) {
    const folder = `checkpoints/step-${step}`;
    const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
      files.get(`${folder}/${name}`) ?? refuse(`${folder} has no ${name}`);
    const text = new TextDecoder().decode(bytesOf("state.json"));
    const parsed = await parseState(text, `${folder}/state.json`).catch((error: Error) => refuse(error.message));
    if (parsed.state.step !== Number(step)) refuse(`${folder}/state.json is of step ${parsed.state.step}`);
    for (const [name, { bytes, sha256: digest }] of Object.entries(parsed.files ?? {})) {
      const found = bytesOf(name);
      if (found.byteLength !== bytes) refuse(`${folder}/${name} has ${found.byteLength} bytes, expected ${bytes}`);
      if ((await sha256(found)) !== digest) refuse(`${folder}/${name} does not have the SHA-256 that state.json names`);
    }
  }
}

/** Writes an archived run, all or nothing: what was written of it is removed when the rest cannot be. */
export async function storeArchive({ files }: ArchivedRun, storage: RunStorage): Promise<void> {
  const beside = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  for (const [path, bytes] of files) {
    const [, step, name] = CHECKPOINT.exec(path) ?? [];
    if (step === undefined) beside.set(path, bytes);
    else {
      const folder = `checkpoints/step-${step}`;
      folders.set(folder, (folders.get(folder) ?? new Map()).set(name, bytes));
    }
  }
  try {
    for (const [folder, content] of folders) await storage.commit(folder, content);
    for (const [path, bytes] of beside) await storage.write(path, bytes);
  } catch (error) {
    await storage.remove("").catch(() => undefined);
    throw error;
  }
}

/**
 * Begins the run in `to` with the checkpoint of `step` of the one in `from`, and what that had told by then. Throws a sentence,
 * leaving nothing behind, when there is no such checkpoint or no room.
 */
export async function forkRun(from: RunStorage, run: string, step: number, to: RunStorage): Promise<void> {
  const steps = await storedSteps(from);
  if (!steps.includes(step)) {
    throw new Error(`${from.place}: no checkpoint of step ${step}, expected one of ${steps.join(", ") || "none"}`);
  }
  const folder = checkpointFolder(step);
  const paths = await from.list();
  const checkpoint = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of paths.filter((each) => each.startsWith(`${folder}/`))) {
    checkpoint.set(path.slice(folder.length + 1), await from.read(path));
  }
  const last = utf8(`${JSON.stringify({ step, checkpoint: folder, pa_mpjpe_mm: null })}\n`);
  try {
    await to.commit(folder, checkpoint, new Map([["checkpoints/last.json", last]]));
    for (const path of SHARED_FILES) if (paths.includes(path)) await to.write(path, await from.read(path));
    for (const path of LINE_FILES) {
      if (!paths.includes(path)) continue;
      await to.write(path, utf8(linesUpTo(new TextDecoder().decode(await from.read(path)), step, path)));
    }
    await writeNotes(to, { tags: [], forkedFrom: { run, step } });
  } catch (error) {
    await to.remove("").catch(() => undefined);
    throw error;
  }
}
