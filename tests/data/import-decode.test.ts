/** Threads that decode frames of a data set whose labels are in one file. */
import { expect, test } from "vitest";
import {
  type Decoded,
  type DecodeThread,
  decodersHere,
  fileDecoder,
  threadDecoders,
} from "../../src/data/import-decode";
import { openFrames } from "../../src/data/open";
import { type FileSource, memorySource } from "../../src/data/source";
import { syntheticFrameSet } from "../../src/data/synthetic/frames";
import type { Frame } from "../../src/data/types";
import { cocoTree } from "../helpers/coco-tree";
import { openHand } from "../helpers/open-hand";

const CROP = { size: 32 };

test.each(["ho3d", "dexycb"] as const)("the JSON file of %s is not read in the threads", async (dataset) => {
  const hand = openHand();
  const set = syntheticFrameSet(hand, { frames: 2, seed: 4, camerasPerRecording: 1, framesPerSequence: 1 });
  const frames: Frame[] = [];
  for (const id of set.ids) frames.push(await set.read(id));
  const isLeft = (id: string): boolean => dataset === "dexycb" && id === set.ids[0];
  const tree = cocoTree(frames, { dataset, hand, isLeft });
  // One level below, where the files are found too.
  const files = new Map([...tree].map(([path, bytes]) => [`top/${path}`, bytes]));
  const source = memorySource("set", files);
  const opened = await openFrames(source, { split: "train", hand });

  const read: string[] = [];
  const watched: FileSource = {
    ...source,
    read: (path) => {
      read.push(path);
      return source.read(path);
    },
  };
  const decode = fileDecoder(watched, { split: "train", hand }, CROP);
  const thread: DecodeThread = {
    // As a recipe comes over to a thread.
    decode: (id, recipe) => decode(id, structuredClone(recipe)),
    onEnd: () => undefined,
    terminate: () => undefined,
  };
  const here = decodersHere(opened, CROP);
  const all = (decoders: typeof here): Promise<Decoded[]> => Promise.all(opened.ids.map(decoders.decode));
  const expected = await all(here);
  expect(expected.map(({ kind }) => kind)).toEqual(["record", "record"]);
  expect(await all(threadDecoders([thread], opened.recipe))).toEqual(expected);
  expect(read.filter((path) => path.endsWith(".json"))).toEqual([]);
  expect(read).toHaveLength(2 * frames.length);

  // Without recipes the files are opened in the thread, once.
  expect(await all(threadDecoders([thread]))).toEqual(expected);
  expect(read.filter((path) => path.endsWith(".json"))).toHaveLength(1);
});
