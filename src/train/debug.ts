/** The original's debug lines, field for field, so that its users feel at home and its log tools work. Millimetres. */

interface Points {
  readonly mean: number;
  readonly std: number;
}

function statistics(values: ArrayLike<number>): Points & { readonly min: number; readonly max: number } {
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    min = Math.min(min, values[i]);
    max = Math.max(max, values[i]);
  }
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, std: Math.sqrt(squares / Math.max(1, values.length - 1)), min, max };
}

const show = (value: number): string => value.toFixed(3);
const tensor = (values: readonly number[]): string => `tensor([${values.map((v) => v.toFixed(4)).join(", ")}])`;

/** Columns 0..2 of [n, stride] in millimetres. */
function millimetres(values: ArrayLike<number>, stride: number): Float64Array {
  const out = new Float64Array((values.length / stride) * 3);
  for (let i = 0; i < out.length; i++) out[i] = 1000 * values[Math.floor(i / 3) * stride + (i % 3)];
  return out;
}

/** [B, 21, 3] with each sample's joint 0 subtracted. */
function centred(joints: Float64Array): Float64Array {
  return joints.map((v, i) => v - joints[Math.floor(i / 63) * 63 + (i % 3)]);
}

export interface DebugBatch {
  readonly image: Float32Array; // [B, 3, S, W]
  readonly depth: Float32Array; // [B, 1, S, W]
  readonly joints3d: Float32Array; // [B, 21, 4] metres
  readonly predicted: Float32Array; // [B, 21, 3] metres
}

/** `[Debug Batch k]` of the first three batches of epoch 0. */
export function debugBatch(index: number, { image, depth, joints3d, predicted }: DebugBatch): string[] {
  const rgb = statistics(image);
  const range = statistics(depth);
  const truth = millimetres(joints3d, 4);
  const guess = millimetres(predicted, 3);
  const [gt, pred, relative] = [statistics(truth), statistics(guess), statistics(centred(truth))];
  return [
    `[Debug Batch ${index}]`,
    `  RGB range: [${show(rgb.min)}, ${show(rgb.max)}]`,
    `  Depth range: [${show(range.min)}, ${show(range.max)}]`,
    `  GT 3D joints mean: ${show(gt.mean)}, std: ${show(gt.std)}`,
    `  Pred 3D joints mean: ${show(pred.mean)}, std: ${show(pred.std)}`,
    `  GT root joint: ${tensor([...truth.subarray(0, 3)])}`,
    `  Pred root joint: ${tensor([...guess.subarray(0, 3)])}`,
    `  GT centered by root mean: ${show(relative.mean)}, std: ${show(relative.std)}`,
  ];
}

/** `[Debug 3D Loss]`, under --debug loss; `loss` is the value that entered the total. */
export function debugLoss({ joints3d, predicted }: DebugBatch, loss: number): string[] {
  const truth = millimetres(joints3d, 4);
  const guess = millimetres(predicted, 3);
  const [gt, pred] = [statistics(truth), statistics(guess)];
  const [gtCentred, predCentred] = [centred(truth), centred(guess)];
  const [gtAfter, predAfter] = [statistics(gtCentred), statistics(predCentred)];
  const element = statistics(predCentred.map((v, i) => Math.abs(v - gtCentred[i])));
  return [
    "[Debug 3D Loss]",
    `  Before centering - Pred mean: ${show(pred.mean)}, std: ${show(pred.std)}`,
    `  Before centering - GT mean: ${show(gt.mean)}, std: ${show(gt.std)}`,
    `  After centering - Pred mean: ${show(predAfter.mean)}, std: ${show(predAfter.std)}`,
    `  After centering - GT mean: ${show(gtAfter.mean)}, std: ${show(gtAfter.std)}`,
    `  Per-element loss mean: ${show(element.mean)}, max: ${show(element.max)}`,
    `  Loss value: ${loss.toPrecision(6)}`,
  ];
}
