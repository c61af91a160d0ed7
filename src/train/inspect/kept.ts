/** Samples that are kept among a run's files with all that its network made of them: looks/val-12.json.gz. */
import type { Config } from "../../config";
import type { TrainEvent } from "../events";
import type { RunStorage } from "../storage";
import { keptName, keptPlace } from "./kept-place";
import { type LookAbout, readLook, type SavedLook, writeLook } from "./look-file";
import type { KeptPlace, LookRequest, LookView, SampleScoresTable } from "./types";

const FOLDER = "looks/";
const ENDING = ".json.gz";

/** Path of a kept sample among a run's files. */
export const keptPath = (place: KeptPlace): string => `${FOLDER}${keptName(place)}${ENDING}`;

/** The place of the sample in a file of a run; undefined for other files. */
export function keptPlaceOf(path: string): KeptPlace | undefined {
  if (!path.startsWith(FOLDER) || !path.endsWith(ENDING)) return undefined;
  return keptPlace(path.slice(FOLDER.length, -ENDING.length));
}

/** Samples that a run has kept, validation first, by their places. */
export async function keptLooks(storage: RunStorage): Promise<KeptPlace[]> {
  const places = (await storage.list()).flatMap((path) => keptPlaceOf(path) ?? []);
  return places.sort((a, b) => b.split.localeCompare(a.split) || a.index - b.index);
}

/** Keeps a view in place of what was kept of its sample. Rejects as the storage does. */
export const keepLook = (storage: RunStorage, view: LookView, about: LookAbout): Promise<void> =>
  storage.write(keptPath(view), writeLook(view, about));

/** Forgets what was kept of a sample. */
export const dropLook = (storage: RunStorage, place: KeptPlace): Promise<void> => storage.remove(keptPath(place));

/** What is kept of a sample. Throws a sentence when nothing is, or the file is damaged or another sample's. */
export async function keptLook(storage: RunStorage, place: KeptPlace): Promise<SavedLook> {
  const path = keptPath(place);
  return checkedLook(await storage.read(path), path, storage.place);
}

/** Reads a file of kept samples by its path among a run's files. Throws as `keptLook`. */
export function checkedLook(bytes: Uint8Array, path: string, where: string): SavedLook {
  const saved = readLook(bytes, `${where}, ${path},`);
  const name = keptName(saved.view);
  if (path === keptPath(saved.view)) return saved;
  throw new Error(`${where}: ${path} holds the sample ${name}, expected the one that it is named after`);
}

/** All that the page of a sample shows at first, with the gradients: every head of the last block, every map, the frame. */
export function wholeRequest({ model }: Pick<Config, "model">, { split, index }: KeptPlace): LookRequest {
  return {
    ...{ split, index, frame: true, gradients: true },
    attention: Array.from({ length: model.heads }, (_, head) => ({ block: model.depth - 1, head })),
    maps: Array.from({ length: model.scales }, (_, scale) => ({ scale, channel: "norm" as const })),
  };
}

/** What a run needs to keep its worst samples. */
interface KeepWorstOptions {
  readonly count: number;
  readonly run: string;
  readonly config: Pick<Config, "model">;
  readonly storage: RunStorage;
  readonly scores: () => Promise<{ readonly table: SampleScoresTable } | undefined>;
  readonly look: (request: LookRequest) => Promise<LookView>;
  readonly tell: (event: TrainEvent) => void;
}

/**
 * Keeps the `count` validation samples with the largest MPJPE of the last evaluation, as the network is by now; what a person has
 * kept stays. Never rejects: what could not be kept is a sentence of the log.
 */
export async function keepWorst({ count, run, config, storage, scores, look, tell }: KeepWorstOptions): Promise<void> {
  if (count === 0) return;
  const text = `keeping the ${count} worst validation samples`;
  try {
    tell({ type: "status", text });
    const scored = await scores();
    if (!scored) {
      tell({ type: "log", line: "no validation sample is kept: none has been scored" });
      return;
    }
    const places = worstPlaces(scored.table, count);
    for (const [done, index] of places.entries()) {
      tell({ type: "status", text, done, total: places.length });
      const place = { split: "val", index } as const;
      if (await isAPersons(storage, place, tell)) continue;
      await keepLook(storage, await look(wholeRequest(config, place)), { run, whatIf: {}, keptBy: "run" });
    }
    const list = places.map((index) => `val ${index}`).join(", ") || "none";
    tell({ type: "log", line: `kept the worst validation samples of step ${scored.table.step}: ${list}` });
    const rows = scored.table.values.length / scored.table.columns.length;
    const without = rows - worstPlaces(scored.table, rows).length;
    if (without > 0)
      tell({
        type: "log",
        line: `warning: ${without} of ${rows} validation samples have no finite error to be among them`,
      });
  } catch (error) {
    const line = `warning: the worst validation samples could not be kept: ${(error as Error).message}`;
    tell({ type: "log", line });
  }
}

/** Rows of a table by falling MPJPE, those alone that have one. */
export function worstPlaces({ columns, values }: SampleScoresTable, count: number): number[] {
  const column = columns.indexOf("mpjpe_mm");
  const errors = Array.from({ length: values.length / columns.length }, (_, i) => values[i * columns.length + column]);
  const places = [...errors.keys()].filter((i) => Number.isFinite(errors[i]));
  return places.sort((a, b) => errors[b] - errors[a] || a - b).slice(0, count);
}

async function isAPersons(storage: RunStorage, place: KeptPlace, tell: KeepWorstOptions["tell"]): Promise<boolean> {
  if (!(await storage.list()).includes(keptPath(place))) return false;
  try {
    return (await keptLook(storage, place)).about.keptBy === "person";
  } catch (error) {
    tell({ type: "log", line: `warning: a damaged kept sample is replaced: ${(error as Error).message}` });
    return false;
  }
}
