/** What a person chose in the page, opened in a worker: the hand, the files. */

import { readManoFile } from "../data/mano-file";
import type { FileSource } from "../data/source";
import { directorySource, pathFileSource } from "../data/source-browser";
import { httpSource } from "../data/source-http";
import { archiveName, zipSource } from "../data/source-zip";
import { syntheticFrameSet, UPRIGHT_SPREAD } from "../data/synthetic/frames";
import type { FrameSet, HandModel } from "../data/types";
import type { HandChoice } from "./api";
import { fetchOpenHand } from "./fetch-open-hand";
import type { ImportSource } from "./import-api";

/** The chosen hand model. Throws a sentence when it cannot be read. */
export async function openHand(choice: HandChoice): Promise<HandModel> {
  if (choice.kind === "mano") return readManoFile(new Uint8Array(choice.bytes), choice.name);
  if (choice.kind === "http") {
    return readManoFile(await httpSource(choice.name, choice.url).read(choice.name), choice.name);
  }
  return fetchOpenHand();
}

/** The chosen files as a tree. Throws DataError for an empty folder or an archive that cannot be read. */
export async function openSource(source: ImportSource): Promise<FileSource> {
  if (source.kind === "directory") return directorySource(source.handle);
  if (source.kind === "zip") return zipSource(source.file, archiveName(source.file.name));
  return pathFileSource(source.name, new Map(source.files.map(({ path, file }) => [path, file])));
}

/** The frames of a run on synthetic data. */
export function renderedFrames(
  hand: HandModel,
  { frames, seed }: { readonly frames: number; readonly seed: number },
): FrameSet {
  return interruptible(syntheticFrameSet(hand, { frames, seed, spread: UPRIGHT_SPREAD }));
}

/** Frames are made or read within one task; between two of them a message such as "stop" has to come through. */
export function interruptible<Set extends { readonly read: (id: string) => Promise<unknown> }>(set: Set): Set {
  const nextTask = (): Promise<void> =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    });
  return { ...set, read: (id: string) => nextTask().then(() => set.read(id)) };
}
