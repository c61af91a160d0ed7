/** From image to map to vertex and back: where a patch answers, where vertices are sampled, where joints are projected. */
import type { Batch } from "../../data/batch";
import type { HandModel } from "../../data/types";
import type { GraphEvidence, PatchEvidence, ProjectionEvidence, SamplingEvidence } from "../model-evidence";
import type { Recording } from "../record";
import { writeBatch } from "../recording-io";
import type { Replay } from "./model-replay";

type Numbers = ArrayLike<number>;
type Frame = { readonly height: number; readonly width: number; readonly patch: number };

/** Points [B, P, 3] by camera [B, 3] and focal length [B] to the crop, [B, P, 2]: f (X + tx) / (Z + 2 f / s). */
function projectPoints(points: Numbers, camera: Numbers, focal: Numbers, perSample: number): Float64Array {
  const out = new Float64Array((points.length / 3) * 2);
  for (let p = 0; p < points.length / 3; p++) {
    const row = Math.floor(p / perSample);
    const f = focal[row];
    const depth = points[3 * p + 2] + (2 * f) / camera[3 * row];
    out[2 * p] = (f * (points[3 * p] + camera[3 * row + 1])) / depth;
    out[2 * p + 1] = (f * (points[3 * p + 1] + camera[3 * row + 2])) / depth;
  }
  return out;
}

/** Predicted keypoints2d [B, 21, 2] against the projection of keypoints3d [B, 21, 3]. */
export function compareProjection(
  keypoints2d: Numbers,
  keypoints3d: Numbers,
  camera: Numbers,
  focal: Numbers,
  { height, width }: Frame,
): ProjectionEvidence {
  const right = projectPoints(keypoints3d, camera, focal, 21);
  const products = [0, 0];
  const squares = [0, 0];
  let sum = 0;
  let maxPx = 0;
  for (let p = 0; p < right.length; p += 2) {
    const gap = height * Math.hypot(keypoints2d[p] - right[p], keypoints2d[p + 1] - right[p + 1]);
    sum += gap;
    if (!(gap <= maxPx)) maxPx = gap;
    for (const axis of [0, 1]) {
      products[axis] += keypoints2d[p + axis] * right[p + axis];
      squares[axis] += right[p + axis] ** 2;
    }
  }
  return {
    meanPx: sum / (right.length / 2),
    maxPx,
    factor: [products[0] / squares[0], products[1] / squares[1]],
    image: [height, width],
  };
}

/** The map and the pixels of the first sampling, of a recording that samples at all. */
export function samplingOf(
  replay: Replay,
): { readonly map: Recording["inputs"]["image"]; readonly pixels: Recording["inputs"]["image"] } | undefined {
  const found = replay.dispatchesOf("grid-sample", "forward").at(0);
  return found && { map: found.dispatch.tensors.map, pixels: found.dispatch.tensors.pixels };
}

/** Where vertices [B, V, 3] are sampled, pixels [B, V, 2] of the first map, against where they project to. */
export function compareSampling(
  sampled: { readonly pixels: Numbers; readonly map: readonly number[]; readonly insideShare: number },
  vertices: Numbers,
  camera: Numbers,
  focal: Numbers,
  { height, width, patch }: Frame,
): SamplingEvidence {
  const [, rows, columns] = sampled.map;
  const xy = projectPoints(vertices, camera, focal, vertices.length / camera.length);
  let inside = 0;
  let sum = 0;
  const count = xy.length / 2;
  for (let p = 0; p < count; p++) {
    const x = xy[2 * p] * (height / width) * columns + 0.5 * columns - 0.5;
    const y = xy[2 * p + 1] * rows + 0.5 * rows - 0.5;
    if (x > -0.5 && x < columns - 0.5 && y > -0.5 && y < rows - 0.5) inside++;
    sum += Math.hypot(sampled.pixels[2 * p] - x, sampled.pixels[2 * p + 1] - y);
  }
  return {
    map: [rows, columns],
    patches: [height / patch, width / patch],
    insideShare: sampled.insideShare,
    projectedShare: inside / count,
    offsetPx: sum / count,
  };
}

/** The graph that the recorded convolutions gather along, against the edges of the hand's faces. */
export function compareGraph(replay: Replay, { faces, vertexCount }: HandModel): GraphEvidence | null {
  // Joint regressors are gathered by the same kernels, but from vertices to joints.
  const tensors = replay
    .dispatchesOf("graph-conv", "forward")
    .find(({ dispatch: { dims } }) => dims.rows === vertexCount && dims.columns === vertexCount)?.dispatch.tensors;
  const [rowStart, column] = [tensors?.row_start.data, tensors?.column.data];
  if (!rowStart || !column) return null;
  const key = (a: number, b: number): number => Math.min(a, b) * vertexCount + Math.max(a, b);
  const mesh = new Set<number>();
  for (let f = 0; f < faces.length; f++) mesh.add(key(faces[f], faces[f % 3 === 2 ? f - 2 : f + 1]));
  const used = new Set<number>();
  let selfLoops = 0;
  for (let row = 0; row + 1 < rowStart.length; row++) {
    for (let e = rowStart[row]; e < rowStart[row + 1]; e++) {
      if (column[e] === row) selfLoops++;
      else used.add(key(row, column[e]));
    }
  }
  const shared = [...used].filter((edge) => mesh.has(edge)).length;
  return { vertices: vertexCount, edges: used.size, meshEdges: mesh.size, shared, selfLoops };
}

/** Patches that are tried: as many as one run takes beside plain grey, within these bounds. */
const FEWEST_PATCHES = 4;
const MOST_PATCHES = 8;
/** How light they are: grey is 0, white about 2.4 after ImageNet's normalisation. */
const WHITE = 2.4;

/**
 * Shows grey images with one light patch each and finds the place of the first map that differs most from plain grey. The
 * recording must be one of evaluation, where samples do not see each other.
 */
export async function probePatches(
  recording: Recording,
  replay: Replay,
  batch: Batch,
  { height, width, patch }: Frame,
): Promise<PatchEvidence | null> {
  const map = samplingOf(replay)?.map;
  if (!map) return null;
  const [rows, columns] = [height / patch, width / patch];
  const [, mapRows, mapColumns, channels] = map.shape;
  const size = recording.batch;
  const cells = rows * columns;
  const tried = Math.min(cells, Math.max(FEWEST_PATCHES, Math.min(MOST_PATCHES, size - 1)));
  // Spread over the whole image; the first image is plain grey.
  const shown = [-1, ...Array.from({ length: tried }, (_, i) => Math.floor(((i + 0.5) * cells) / tried))];
  const depth = new Float32Array(batch.depth.length).fill(1);
  let grey: Float32Array | undefined;
  const places: PatchEvidence["places"][number][] = [];
  for (let first = 0; first < shown.length; first += size) {
    const some = shown.slice(first, first + size);
    const image = lightPatches(some, size, { height, width, patch });
    writeBatch(recording, { ...batch, image, depth, hasDepth: new Float32Array(size) });
    replay.run(0, replay.writtenBy(map));
    const [seen] = await recording.plan.read(map);
    const length = mapRows * mapColumns * channels;
    grey ??= seen.slice(0, length);
    for (const [row, cell] of some.entries()) {
      if (cell < 0) continue;
      const answer = strongest(seen.subarray(row * length, (row + 1) * length), grey, channels);
      places.push({
        at: [Math.floor(cell / columns), cell % columns],
        answers: [Math.floor(answer / mapColumns), answer % mapColumns],
      });
    }
  }
  const isFound = ({ at, answers }: (typeof places)[number]): boolean => at.join() === answers.join();
  // Laid out row after row in a map of another width, or really transposed.
  const isExchanged = ({ at: [r, c], answers: [row, column] }: (typeof places)[number]): boolean =>
    r * columns + c === row * mapColumns + column || (r === column && c === row);
  return {
    tried,
    found: places.filter(isFound).length,
    exchanged: places.filter((place) => !isFound(place) && isExchanged(place)).length,
    places,
  };
}

/** Grey images [B, 3, S, W] with one white patch each, at the cells given; none for a cell of -1. */
function lightPatches(cells: readonly number[], size: number, { height, width, patch }: Frame): Float32Array {
  const image = new Float32Array(size * 3 * height * width);
  const columns = width / patch;
  cells.forEach((cell, b) => {
    if (cell < 0) return;
    const [top, left] = [patch * Math.floor(cell / columns), patch * (cell % columns)];
    for (let c = 0; c < 3; c++) {
      for (let y = top; y < top + patch; y++) {
        const at = ((b * 3 + c) * height + y) * width + left;
        image.fill(WHITE, at, at + patch);
      }
    }
  });
  return image;
}

/** The cell where two maps [cells, C] differ most. */
function strongest(a: Float32Array, b: Float32Array, channels: number): number {
  let best = 0;
  let most = -1;
  for (let at = 0; at < b.length; at += channels) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += (a[at + c] - b[at + c]) ** 2;
    if (sum > most) [best, most] = [at / channels, sum];
  }
  return best;
}
