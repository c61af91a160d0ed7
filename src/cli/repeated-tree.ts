/** A large HO-3D tree from few rendered frames, for measuring: every file beyond them is a link. */
import { link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syntheticFrameSet } from "../data/synthetic/frames";
import { ho3dFrameFiles } from "../data/synthetic/write-ho3d";
import type { HandModel } from "../data/types";

/** Frames of a sequence of the tree. */
const PER_SEQUENCE = 100;

/** Writes `frames` training frames below `folder`, `rendered` different ones. Files are hard links: all copies take no room. */
export async function repeatedTree(folder: string, hand: HandModel, rendered: number, frames: number): Promise<void> {
  const set = syntheticFrameSet(hand, { frames: Math.min(rendered, frames), seed: 1 });
  const originals: string[][] = [];
  for (const id of set.ids) {
    const paths: string[] = [];
    for (const [path, bytes] of await ho3dFrameFiles(set, id, "train", 3)) {
      const original = join(folder, "originals", path);
      await mkdir(dirname(original), { recursive: true });
      await writeFile(original, bytes);
      paths.push(original);
    }
    originals.push(paths);
  }
  const ids: string[] = [];
  for (let i = 0; i < frames; i++) {
    const sequence = `BENCH${Math.floor(i / PER_SEQUENCE)}`;
    const frame = String(i % PER_SEQUENCE).padStart(4, "0");
    for (const original of originals[i % originals.length]) {
      // .../rgb/0000.jpg
      const [kind, name] = original.split("/").slice(-2);
      const target = join(folder, "train", sequence, kind, `${frame}${name.slice(name.indexOf("."))}`);
      if (i % PER_SEQUENCE === 0) await mkdir(dirname(target), { recursive: true });
      await link(original, target);
    }
    ids.push(`${sequence}/${frame}\n`);
  }
  await writeFile(join(folder, "train.txt"), ids.join(""));
}
