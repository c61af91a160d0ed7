/** Made-up answers of the inspector: hands that were posed, and numbers that follow from them. */

import { distancesMm } from "../../../src/metrics/points";
import { align } from "../../../src/metrics/procrustes";
import { judgeSample } from "../../../src/metrics/sample-scores";
import type {
  AugmentStep,
  HandView,
  LookNumbers,
  LookRequest,
  LookView,
  Picture,
} from "../../../src/train/inspect/types";
import type { PosedHand } from "../viewer/posed-hand";

export const [WIDTH, HEIGHT, PATCH] = [96, 128, 16];
export const [BLOCKS, HEADS, CHANNELS] = [4, 3, 20];
const [ROWS, COLUMNS] = [HEIGHT / PATCH, WIDTH / PATCH];
const FOCAL = 1.9;
const WRIST = [0, 0.085, 0.6] as const;
export const FRONT = [...Array.from({ length: 16 }, (_, i) => `joint ${i}`), "shape", "camera"];
export const TOKENS = FRONT.length + ROWS * COLUMNS;

export interface Hands {
  readonly truth: PosedHand;
  readonly coarse: PosedHand;
  readonly refined: PosedHand;
}

/** Pixels of the input of points round the wrist. */
function project(points: Float32Array): Float32Array {
  return Float32Array.from({ length: (2 * points.length) / 3 }, (_, i) => {
    const at = 3 * (i >> 1);
    const z = points[at + 2] + WRIST[2];
    return (FOCAL * HEIGHT * (points[at + (i & 1)] + WRIST[i & 1])) / z + (i & 1 ? HEIGHT : WIDTH) / 2;
  });
}

function handView({ joints, vertices }: PosedHand): HandView {
  return { joints, vertices, wrist: WRIST, joints2d: project(joints), vertices2d: project(vertices) };
}

function picture(width: number, height: number, tint: number): Picture {
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    rgba.set([90 + tint + x / 2, 80 + y / 3, 110 - tint / 2], 4 * i);
  }
  return { width, height, rgba };
}

function numbersOf({ truth, coarse, refined }: Hands, scale: number): LookNumbers {
  const scaled = (points: Float32Array) => points.map((value) => scale * value);
  const judge = ({ joints, vertices }: PosedHand) =>
    judgeSample(
      { id: "made up", joints, truthJoints: scaled(truth.joints), vertices, truthVertices: scaled(truth.vertices) },
      {},
    ).scores!;
  const [one, other] = [judge(refined), judge(coarse)];
  const aligned = align(refined.joints, scaled(truth.joints));
  const alignedMesh = align(refined.vertices, scaled(truth.vertices));
  const mm = one.metrics.mpjpe_mm!;
  return {
    inMapShare: 0.97,
    losses: [
      { name: "loss_2d", value: mm / 900, weight: 5 },
      { name: "loss_3d_joint", value: mm / 1000, weight: 2 },
      { name: "loss_3d_vert", value: mm / 1100, weight: 1 },
      { name: "shape_prior", value: 0.002, weight: 0.01 },
      { name: "loss_aux", value: mm / 400, weight: 1 },
      { name: "total_loss", value: (5 * mm) / 900 + (2 * mm) / 1000 + mm / 1100 + 0.00002 + mm / 400, weight: 1 },
    ],
    errors: {
      metrics: one.metrics,
      coarse: other.metrics,
      nonFinite: false,
      jointsMm: Float32Array.from(one.jointErrorsMm),
      alignedJointsMm: Float32Array.from(one.alignedJointErrorsMm),
      verticesMm: Float32Array.from(distancesMm(refined.vertices, scaled(truth.vertices))),
      alignedVerticesMm: Float32Array.from(distancesMm(alignedMesh!, scaled(truth.vertices))),
      alignedJoints: Float32Array.from(aligned!),
      alignedVertices: Float32Array.from(alignedMesh!),
    },
  };
}

/** Head `head` of block `block`: token t looks most at token (t + block + head) mod T. */
function attention(block: number, head: number): Float32Array {
  const out = new Float32Array(TOKENS * TOKENS).fill(0.5 / TOKENS);
  for (let t = 0; t < TOKENS; t++) out[t * TOKENS + ((t + block + head) % TOKENS)] += 0.5;
  return out;
}

function augmentSteps(joints: Float32Array): AugmentStep[] {
  return (["crop", "rotation", "colour", "occlusion"] as const).map((name, i) => ({
    ...picture(WIDTH, HEIGHT, 20 * i),
    ...{ name, text: i === 0 ? "cut out of the frame" : `number ${i}`, depth: undefined, joints },
    reprojected: joints.map((value) => value + 0.001 * i),
    residualPx: new Float32Array(21).fill(0.0014 * i),
  }));
}

/** What a rank would answer to `request` at `step`. */
export function lookView(request: LookRequest, hands: Hands, step = 40, change: Partial<LookView> = {}): LookView {
  const { split, index, epoch, whatIf } = request;
  const [truth, coarse, refined] = [hands.truth, hands.coarse, hands.refined].map(handView);
  const depth = new Uint8ClampedArray(WIDTH * HEIGHT).fill(255);
  for (let i = 0; i < depth.length; i++)
    if (Math.hypot((i % WIDTH) - 48, i / WIDTH - 64) < 40) depth[i] = 90 + (i % 60);
  const wave = (n: number, rate: number) => Float32Array.from({ length: n }, (_, i) => 1 + Math.sin(rate * i));
  return {
    ...{ split, index, id: `synthetic/${String(index).padStart(4, "0")}`, sequence: "synthetic", step, epoch },
    ...{ width: WIDTH, height: HEIGHT, focal: FOCAL, trueFocal: FOCAL, principal: [0, 0] },
    ...numbersOf(hands, whatIf?.truthScale ?? 1),
    crop: picture(WIDTH, HEIGHT, 0),
    depth: whatIf?.dropDepth ? undefined : depth,
    truth: { ...truth, confidence: new Float32Array(21).fill(1) },
    ...{ coarse, refined, faces: hands.truth.faces },
    tokens: {
      front: FRONT,
      joints: [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3],
      ...{ rows: ROWS, columns: COLUMNS, patch: PATCH, blocks: BLOCKS, heads: HEADS },
      inputNorms: wave(TOKENS, 0.3),
      outputNorms: wave(TOKENS, 0.7),
    },
    sampling: [0, 1].map((scale) => {
      const [rows, columns] = [ROWS << (scale + 1), COLUMNS << (scale + 1)];
      const input = coarse.vertices2d.map((value, i) => (i < 40 ? value + 200 : value));
      return {
        ...{ scale, rows, columns, channels: CHANNELS, input },
        pixels: input.map((value, i) => (i & 1 ? (value * rows) / HEIGHT : (value * columns) / WIDTH) - 0.5),
        inside: Uint8Array.from({ length: 778 }, (_, v) => Number(v >= 20)),
      };
    }),
    attention: (request.attention ?? []).map(({ block, head }) => ({
      block,
      head,
      probabilities: attention(block, head),
    })),
    maps: (request.maps ?? []).map(({ scale, channel }) => {
      const [rows, columns] = [ROWS << (scale + 1), COLUMNS << (scale + 1)];
      return { scale, channel, rows, columns, channels: CHANNELS, values: wave(rows * columns, 0.1) };
    }),
    gradients: request.gradients
      ? {
          image: wave(3 * WIDTH * HEIGHT, 0.01),
          depth: wave(WIDTH * HEIGHT, 0.02),
          modules: ["vit_backbone.patch_embed", "vit_backbone.blocks.0", "refine"].map((name, i) => ({
            ...{ name, parameters: 1000 * (i + 1), norm: 10 ** -i },
          })),
          norm: 1.005,
        }
      : undefined,
    steps: request.steps ? augmentSteps(truth.joints2d) : [],
    frame: request.frame
      ? {
          ...picture(160, 120, 40),
          ...{ square: [80, 60, 100], box: [50, 20, 110, 100], joints: truth.joints2d.map((value) => value + 10) },
          corners: Float32Array.from([42, 10, 118, 10, 118, 110, 42, 110]),
        }
      : undefined,
    plain: whatIf && numbersOf(hands, 1),
    debugLines: [
      `[Debug Batch ${index}]`,
      "  RGB range: [-2.118, 2.640]",
      "[Debug 3D Loss]",
      "  Loss value: 0.0123450",
    ],
    ...change,
  };
}
