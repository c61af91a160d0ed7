/** The frame that a sample was cut out of. */
import { inverseMatrix, mapPoint, project } from "../../data/crop";
import type { CropRecord, FrameSet, Sample } from "../../data/types";
import type { FilmedFrame } from "./types";

/** What an imported set has in place of frames. */
export const NO_FRAMES =
  "The set was imported: it keeps the surroundings of each hand, not the frame. Open the data set's own files to see it.";

export interface Filmed {
  readonly frames: FrameSet | undefined;
  readonly record: CropRecord;
  /** As the network was given it: its map from the frame to the crop, of `height` rows and columns, is drawn. */
  readonly sample: Sample;
  readonly height: number;
  readonly width: number;
}

/** The frame of `record` with what is cut out of it; a sentence where it cannot be read any more. */
export async function filmedFrame({ frames, record, sample, height, width }: Filmed): Promise<FilmedFrame | string> {
  if (frames === undefined) return NO_FRAMES;
  let frame: Awaited<ReturnType<FrameSet["read"]>>;
  try {
    frame = await frames.read(record.id);
  } catch (error) {
    return `The frame "${record.id}" cannot be read from ${frames.name}: ${(error as Error).message}`;
  }
  const { rgb, box } = frame;
  const rgba = new Uint8ClampedArray(4 * rgb.width * rgb.height).fill(255);
  for (let i = 0; i < rgb.width * rgb.height; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = rgb.data[3 * i + c];
  }
  const toImage = inverseMatrix(sample.cropFromImage);
  const [left, right] = [(height - width) / 2, (height + width) / 2];
  const corners = [
    [left, 0],
    [right, 0],
    [right, height],
    [left, height],
  ].flatMap(([u, v]) => mapPoint(toImage, u, v));
  return {
    ...{ width: rgb.width, height: rgb.height, rgba, box },
    square: record.square,
    corners: Float32Array.from(corners),
    joints: Float32Array.from(project(record.joints3d, record.camera)),
  };
}
