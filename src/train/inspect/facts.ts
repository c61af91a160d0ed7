/** What is known of samples without a network: the columns of the inspector's table. */
import { cropMatrix, mapPoint, project } from "../../data/crop";
import type { CropSet } from "../../data/crop-set";
import { HO3D_DEPTH_UNIT } from "../../data/png";
import { sequenceOf } from "../../data/split";
import type { CropRecord } from "../../data/types";
import type { SampleTable, SplitName } from "./types";

/** A reading so much nearer than a joint, metres, is of something in front of the hand: a joint lies some 10 mm below the skin. */
export const IN_FRONT_METRES = 0.04;

interface CropShape {
  readonly height: number;
  readonly width: number;
}

interface Facts {
  readonly hasDepth: boolean;
  readonly hasMano: boolean;
  readonly outsideShare: number;
  readonly confidence: number;
  readonly occlusion: number;
}

/** Facts of one record; letters and conventions as in `SampleTable`. Only the wrist counts where only the wrist is annotated. */
export function factsOf(record: CropRecord, { height, width }: CropShape): Facts {
  const { square, camera, joints3d, depth, mano, rootOnly } = record;
  const toCrop = cropMatrix({ x: square[0], y: square[1], side: square[2], angle: 0 }, camera, height);
  const pixels = project(joints3d, camera);
  const known = rootOnly ? 1 : 21;
  let inside = 0;
  let readings = 0;
  let covered = 0;
  for (let j = 0; j < known; j++) {
    const [u, v] = mapPoint(toCrop, pixels[2 * j], pixels[2 * j + 1]);
    if (Math.abs(u - height / 2) <= width / 2 && Math.abs(v - height / 2) <= height / 2) inside++;
    const reading = readingAt(record, pixels[2 * j], pixels[2 * j + 1]);
    if (reading === 0) continue;
    readings++;
    if (reading < joints3d[3 * j + 2] - IN_FRONT_METRES) covered++;
  }
  return {
    hasDepth: depth !== undefined,
    hasMano: mano !== undefined,
    outsideShare: 1 - inside / known,
    confidence: inside / 21,
    occlusion: readings === 0 ? Number.NaN : covered / readings,
  };
}

/** Depth in metres at a pixel of the original image; 0 where there is none. */
function readingAt({ depth, x0, y0, step, width, height }: CropRecord, px: number, py: number): number {
  const [x, y] = [Math.round((px - x0) / step), Math.round((py - y0) / step)];
  if (depth === undefined || !(x >= 0 && y >= 0 && x < width && y < height)) return 0;
  return depth[y * width + x] * HO3D_DEPTH_UNIT;
}

/** The table of a split, filled as it is asked for: each record is read once. */
export class FactTable {
  readonly #sequences: readonly string[];
  readonly #sequence: Uint16Array;
  readonly #isKnown: Uint8Array;
  readonly #hasDepth: Uint8Array;
  readonly #hasMano: Uint8Array;
  readonly #outsideShare: Float32Array;
  readonly #confidence: Float32Array;
  readonly #occlusion: Float32Array;

  constructor(
    readonly split: SplitName,
    private readonly ids: readonly string[],
    private readonly set: Pick<CropSet, "read">,
    private readonly shape: CropShape,
  ) {
    const names = ids.map(sequenceOf);
    const places = new Map([...new Set(names)].map((name, i) => [name, i]));
    this.#sequences = [...places.keys()];
    this.#sequence = Uint16Array.from(names, (name) => places.get(name)!);
    const { length } = ids;
    [this.#isKnown, this.#hasDepth, this.#hasMano] = [0, 0, 0].map(() => new Uint8Array(length));
    [this.#outsideShare, this.#confidence, this.#occlusion] = [0, 0, 0].map(() => new Float32Array(length));
  }

  /** Rows `from` to `to` - 1. Throws a sentence when that is no part of the split, and DataError when a record cannot be read. */
  async rows(from = 0, to = this.ids.length): Promise<SampleTable> {
    const { length } = this.ids;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= length))
      throw new Error(`samples: ${from} to ${to} of ${this.split}, expected a part of 0 to ${length}`);
    for (let i = from; i < to; i++) if (this.#isKnown[i] === 0) this.#fill(i, await this.set.read(this.ids[i]));
    return {
      split: this.split,
      total: length,
      from,
      ids: this.ids.slice(from, to),
      sequences: this.#sequences,
      sequence: this.#sequence.slice(from, to),
      hasDepth: this.#hasDepth.slice(from, to),
      hasMano: this.#hasMano.slice(from, to),
      outsideShare: this.#outsideShare.slice(from, to),
      confidence: this.#confidence.slice(from, to),
      occlusion: this.#occlusion.slice(from, to),
      scores: undefined,
    };
  }

  #fill(i: number, record: CropRecord): void {
    const { hasDepth, hasMano, outsideShare, confidence, occlusion } = factsOf(record, this.shape);
    this.#hasDepth[i] = Number(hasDepth);
    this.#hasMano[i] = Number(hasMano);
    this.#outsideShare[i] = outsideShare;
    this.#confidence[i] = confidence;
    this.#occlusion[i] = occlusion;
    this.#isKnown[i] = 1;
  }
}
