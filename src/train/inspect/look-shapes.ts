/** Whether the arrays of a view fit each other, so that whoever draws it finds what it counts on. */
import type { HandView, LookNumbers, LookView, Picture } from "./types";

const JOINTS = 21;

/** Throws "attention[0].probabilities has 12 entries, expected 4356" for the first array that has another size. */
export function requireShapes(view: LookView): void {
  const { width, height, faces, tokens, truth, coarse, refined, sampling } = view;
  const vertices = refined.vertices.length / 3;
  requirePicture("crop", view.crop);
  if (view.crop.width !== width || view.crop.height !== height)
    throw new Error(`crop has ${view.crop.width} x ${view.crop.height} px, expected ${width} x ${height}`);
  requireSize("depth", view.depth, width * height);
  requireHand("coarse", coarse, vertices);
  requireHand("refined", refined, vertices);
  requireSizes("truth", [
    ["joints", truth.joints, 3 * JOINTS],
    ["joints2d", truth.joints2d, 2 * JOINTS],
    ["confidence", truth.confidence, JOINTS],
    ["vertices", truth.vertices, 3 * vertices],
    ["vertices2d", truth.vertices2d, 2 * vertices],
  ]);
  if ((truth.vertices === undefined) !== (truth.vertices2d === undefined))
    throw new Error("truth has vertices in one of space and picture alone, expected both or none");
  if (faces.length % 3 !== 0) throw new Error(`faces has ${faces.length} entries, expected three for each face`);
  requireBelow("faces", faces, vertices);
  requireNumbers("", view, vertices);
  if (view.plain) requireNumbers("plain.", view.plain, vertices);
  requireTokens(view);
  for (const [i, { pixels, input, inside, scale }] of sampling.entries()) {
    requireSizes(`sampling[${i}]`, [
      ["pixels", pixels, 2 * vertices],
      ["input", input, 2 * vertices],
      ["inside", inside, vertices],
    ]);
    if (scale !== i) throw new Error(`sampling[${i}].scale is ${scale}, expected ${i}`);
  }
  if (sampling.length === 0) throw new Error("sampling is a list of 0, expected one for each feature map");
  for (const [i, { scale, rows, columns, values }] of view.maps.entries()) {
    requireBelow(`maps[${i}].scale`, [scale], sampling.length);
    requireSize(`maps[${i}].values`, values, rows * columns);
  }
  if (view.gradients) {
    requireSize("gradients.image", view.gradients.image, 3 * width * height);
    requireSize("gradients.depth", view.gradients.depth, width * height);
  }
  requirePictures(view);
  requireBelow("tokens.joints", tokens.joints, JOINTS);
}

function requireTokens({ tokens, attention }: LookView): void {
  const { front, rows, columns, inputNorms, outputNorms, blocks, heads } = tokens;
  const count = front.length + rows * columns;
  requireSize("tokens.inputNorms", inputNorms, count);
  requireSize("tokens.outputNorms", outputNorms, count);
  for (const [i, { block, head, probabilities }] of attention.entries()) {
    requireBelow(`attention[${i}].block`, [block], blocks);
    requireBelow(`attention[${i}].head`, [head], heads);
    requireSize(`attention[${i}].probabilities`, probabilities, count * count);
  }
}

function requirePictures({ steps, frame }: LookView): void {
  for (const [i, each] of steps.entries()) {
    requirePicture(`steps[${i}]`, each);
    requireSizes(`steps[${i}]`, [
      ["depth", each.depth, each.width * each.height],
      ["joints", each.joints, 2 * JOINTS],
      ["reprojected", each.reprojected, 2 * JOINTS],
      ["residualPx", each.residualPx, JOINTS],
    ]);
  }
  if (typeof frame !== "object") return;
  requirePicture("frame", frame);
  requireSizes("frame", [
    ["corners", frame.corners, 8],
    ["joints", frame.joints, 2 * JOINTS],
  ]);
}

function requireNumbers(at: string, { errors }: LookNumbers, vertices: number): void {
  requireSizes(`${at}errors`, [
    ["jointsMm", errors.jointsMm, JOINTS],
    ["alignedJointsMm", errors.alignedJointsMm, JOINTS],
    ["alignedJoints", errors.alignedJoints, 3 * JOINTS],
    ["verticesMm", errors.verticesMm, vertices],
    ["alignedVerticesMm", errors.alignedVerticesMm, vertices],
    ["alignedVertices", errors.alignedVertices, 3 * vertices],
  ]);
}

function requireHand(at: string, { joints, vertices, joints2d, vertices2d }: HandView, count: number): void {
  requireSizes(at, [
    ["joints", joints, 3 * JOINTS],
    ["vertices", vertices, 3 * count],
    ["joints2d", joints2d, 2 * JOINTS],
    ["vertices2d", vertices2d, 2 * count],
  ]);
}

const requirePicture = (at: string, { width, height, rgba }: Picture): void =>
  requireSize(`${at}.rgba`, rgba, 4 * width * height);

type Sized = ArrayLike<number> | undefined;

function requireSizes(at: string, sizes: readonly (readonly [name: string, found: Sized, expected: number])[]): void {
  for (const [name, found, expected] of sizes) requireSize(`${at}.${name}`, found, expected);
}

/** What is not there has no size. */
function requireSize(at: string, found: Sized, expected: number): void {
  if (found === undefined || found.length === expected) return;
  throw new Error(`${at} has ${found.length} entries, expected ${expected}`);
}

function requireBelow(at: string, values: ArrayLike<number>, limit: number): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] < limit) continue;
    throw new Error(`${values.length === 1 ? at : `${at}[${i}]`} is ${values[i]}, expected below ${limit}`);
  }
}
