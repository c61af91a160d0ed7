/** What lies between the image and the hand, read from a recording that has just run. */
import type { Tensor } from "../../autograd/tensor";
import { attentionProbabilities } from "./attention";
import type { LookRecording } from "./recording";
import type { AttentionHead, FeatureMap, HeadRequest, LookRequest, MapRequest, Sampling, TokenGrid } from "./types";

/** MANO's joints, which the first 16 tokens stand for, and their places in OpenPose's order. */
const TOKEN_JOINTS = ["index", "middle", "pinky", "ring"].flatMap((finger) =>
  ["MCP", "PIP", "DIP"].map((part) => `${finger} ${part}`),
);
const FRONT = ["wrist", ...TOKEN_JOINTS, "thumb CMC", "thumb MCP", "thumb IP", "shape", "camera"];
const OPENPOSE = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3];

interface NetworkShape {
  readonly height: number;
  readonly width: number;
  readonly patch: number;
  readonly depth: number;
  readonly heads: number;
}

export interface StagesView {
  readonly tokens: TokenGrid;
  readonly sampling: readonly Sampling[];
  readonly attention: readonly AttentionHead[];
  readonly maps: readonly FeatureMap[];
}

/** Throws a sentence when a block, a head, a scale or a channel is asked for that there is not. */
export async function readStages(
  { plan, stages }: LookRecording,
  shape: NetworkShape,
  { attention = [], maps = [] }: Pick<LookRequest, "attention" | "maps">,
): Promise<StagesView> {
  for (const request of attention) requireHead(request, shape);
  for (const request of maps) requireMap(request, stages.maps);
  const blocks = [...new Set(attention.map(({ block }) => block))];
  const scales = [...new Set(maps.map(({ scale }) => scale))];
  const wanted = [
    ...[stages.tokens, stages.normed, ...stages.pixels],
    ...blocks.map((block) => stages.qkv[block]),
    ...scales.map((scale) => stages.maps[scale]),
  ];
  const [tokens, normed, ...rest] = await plan.read(...wanted);
  const pixels = rest.splice(0, stages.pixels.length);
  const qkv = new Map(blocks.map((block, i) => [block, rest[i]]));
  const read = new Map(scales.map((scale, i) => [scale, rest[blocks.length + i]]));
  const [, count] = stages.tokens.shape;
  return {
    tokens: tokenGrid(tokens, normed, count, shape),
    sampling: pixels.map((each, scale) => samplingOf(each, scale, stages.maps[scale], shape)),
    attention: attention.map(({ block, head }) => ({
      ...{ block, head },
      probabilities: attentionProbabilities(qkv.get(block)!, count, shape.heads, head),
    })),
    maps: maps.map((request) => featureMap(read.get(request.scale)!, stages.maps[request.scale], request)),
  };
}

function requireHead({ block, head }: HeadRequest, { depth, heads }: NetworkShape): void {
  const isThere = (i: number, count: number): boolean => Number.isInteger(i) && i >= 0 && i < count;
  if (isThere(block, depth) && isThere(head, heads)) return;
  throw new Error(`look: head ${head} of block ${block}, expected heads 0 to ${heads - 1} of blocks 0 to ${depth - 1}`);
}

function requireMap({ scale, channel }: MapRequest, maps: readonly Tensor[]): void {
  const map = maps.at(scale);
  if (!(Number.isInteger(scale) && scale >= 0) || !map)
    throw new Error(`look: feature map ${scale}, expected 0 to ${maps.length - 1}`);
  const channels = map.shape[3];
  if (typeof channel === "number" && !(Number.isInteger(channel) && channel >= 0 && channel < channels))
    throw new Error(`look: channel ${channel} of feature map ${scale}, expected 0 to ${channels - 1}`);
}

function tokenGrid(tokens: Float32Array, normed: Float32Array, count: number, shape: NetworkShape): TokenGrid {
  const { height, width, patch, depth, heads } = shape;
  const [rows, columns] = [height / patch, width / patch];
  const norms = (values: Float32Array): Float32Array => {
    const size = values.length / count;
    return Float32Array.from({ length: count }, (_, t) => Math.hypot(...values.subarray(t * size, (t + 1) * size)));
  };
  const grid = { rows, columns, patch, blocks: depth, heads };
  return { ...grid, front: FRONT, joints: OPENPOSE, inputNorms: norms(tokens), outputNorms: norms(normed) };
}

function samplingOf(pixels: Float32Array, scale: number, map: Tensor, { height, width }: NetworkShape): Sampling {
  const [, rows, columns, channels] = map.shape;
  const input = new Float32Array(pixels.length);
  const inside = new Uint8Array(pixels.length / 2);
  for (let v = 0; v < inside.length; v++) {
    const [x, y] = pixels.subarray(2 * v);
    input[2 * v] = ((x + 0.5) * width) / columns;
    input[2 * v + 1] = ((y + 0.5) * height) / rows;
    // As share-inside.wgsl counts; NaN lies outside.
    inside[v] = Number(x >= -0.5 && y >= -0.5 && x < columns - 0.5 && y < rows - 0.5);
  }
  return { scale, rows, columns, channels, pixels, input, inside };
}

function featureMap(values: Float32Array, map: Tensor, { scale, channel }: MapRequest): FeatureMap {
  const [, rows, columns, channels] = map.shape;
  const of = (cell: Float32Array): number => {
    if (typeof channel === "number") return cell[channel];
    if (channel === "norm") return Math.hypot(...cell);
    if (channel === "max") return cell.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
    return cell.reduce((sum, x) => sum + x, 0) / channels;
  };
  return {
    ...{ scale, channel, rows, columns, channels },
    values: Float32Array.from({ length: rows * columns }, (_, i) =>
      of(values.subarray(i * channels, (i + 1) * channels)),
    ),
  };
}
