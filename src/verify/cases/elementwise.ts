/** Ops that look at one number at a time, sums, and ops that move numbers. */
import * as F from "../../ops";
import { orderedSum, orderedSums as sumBoth, columnSum as sumColumns } from "../../ops/ordered-sum";
import { seeded } from "../compare";
import type { OpCase } from "../types";
import { made, stage } from "./stage";

const wide = (count: number, seed: number, factor: number): Float32Array => seeded(count, seed).map((v) => factor * v);

function add(repeats: number, trailing: number, isTimed = false): OpCase {
  const constants = { repeats, size_b: trailing };
  return {
    op: "add",
    name: repeats === 1 ? `${trailing} numbers` : `${trailing} numbers repeated ${repeats} times`,
    inputs: { a: repeats === 1 ? [trailing] : [repeats, trailing], b: [trailing] },
    record: ({ a, b }) => F.add(a, b),
    outputs: { y: made(stage("y", [trailing, repeats], constants)) },
    gradients: { a: made(stage("d_a", [repeats * trailing])), b: made(stage("d_b", [trailing], constants)) },
    isTimed,
  };
}

function affine2d(batch: number, points: number): OpCase {
  const constants = { scale_x: 1.75, scale_y: -0.5, offset_x: 3.25, offset_y: 0.125 };
  return {
    op: "affine2d",
    name: `${batch} x ${points} points`,
    inputs: { x: [batch, points, 2] },
    record: ({ x }) => F.affine2d(x, [1.75, -0.5], [3.25, 0.125]),
    outputs: { y: made(stage("y", [2, batch * points], constants)) },
    gradients: { x: made(stage("d_x", [2, batch * points], constants)) },
  };
}

function gelu(size: number): OpCase {
  return {
    op: "gelu",
    name: `${size} numbers from -6 to 6`,
    inputs: { x: [size] },
    values: { x: wide(size, 1, 6) },
    record: ({ x }) => F.gelu(x),
    outputs: { y: made(stage("y", [size])) },
    gradients: { x: made(stage("d_x", [size])) },
  };
}

function relu(size: number): OpCase {
  return {
    op: "relu",
    name: `${size} numbers, some of them zero`,
    inputs: { x: [size] },
    values: { x: seeded(size, 1).map((v, i) => (i % 7 === 0 ? 0 : v)) },
    record: ({ x }) => F.relu(x),
    outputs: { y: made(stage("y", [size])) },
    gradients: { x: made(stage("d_x", [size])) },
  };
}

function scale(size: number): OpCase {
  const constants = { factor: -2.5 };
  return {
    op: "scale",
    name: `${size} numbers`,
    inputs: { x: [size] },
    record: ({ x }) => F.scale(x, -2.5),
    outputs: { y: made(stage("y", [size], constants)) },
    gradients: { x: made(stage("d_x", [size], constants)) },
  };
}

function dropPath(batch: number, each: number): OpCase {
  const constants = { per_sample: each };
  return {
    op: "drop-path",
    name: `${batch} samples of ${each}, some dropped`,
    inputs: { x: [batch, each], mask: [batch] },
    values: { mask: Array.from({ length: batch }, (_, b) => (b % 3 === 1 ? 0 : 1.25)) },
    fixed: ["mask"],
    record: ({ x, mask }) => F.dropPath(x, mask),
    outputs: { y: made(stage("y", [each, batch], constants)) },
    gradients: { x: made(stage("d_x", [each, batch], constants)) },
  };
}

function dot(size: number): OpCase {
  return {
    op: "dot",
    name: `${size} numbers`,
    inputs: { a: [size], b: [size] },
    record: ({ a, b }) => F.dot(a, b),
    outputs: { y: made(stage("y", [1], { size })) },
    gradients: { a: made(stage("d_a", [size])), b: made(stage("d_b", [size])) },
  };
}

function batchMean(samples: number, sum: boolean): OpCase {
  const factor = sum ? 1 : 1 / samples;
  return {
    op: "batch-mean",
    name: `${sum ? "sum" : "mean"} of ${samples} samples`,
    inputs: { x: [samples] },
    record: ({ x }) => F.batchMean(x, { sum }),
    outputs: { y: made(stage("y", [1], { samples, factor })) },
    gradients: { x: made(stage("d_x", [samples], { factor })) },
  };
}

function weightedSum(count: number): OpCase {
  const names = Array.from({ length: count }, (_, k) => `t${k}`);
  const terms = seeded(count, 3);
  const weights = seeded(count, 4);
  return {
    op: "weighted-sum",
    name: `${count} terms`,
    inputs: Object.fromEntries(names.map((name) => [name, [1]])),
    values: Object.fromEntries(names.map((name, k) => [name, [terms[k]]])),
    extra: { terms, weights },
    record: (t) =>
      F.weightedSum(
        names.map((name) => t[name]),
        [...weights],
      ),
    outputs: { y: made(stage("y", [1], { count })) },
    gradients: Object.fromEntries(names.map((name, k) => [name, made(stage("d_term", [1], { weight: weights[k] }))])),
  };
}

function fill(size: number): OpCase {
  return {
    op: "fill",
    name: `${size} numbers`,
    inputs: {},
    record: (_, tape) => {
      const y = tape.scratch("filled", [size]);
      tape.fill(y, -1.5);
      return y;
    },
    outputs: { y: made(stage("y", [size], { value: -1.5 })) },
  };
}

function orderedSums(parts: number, size: number): OpCase[] {
  const constants = { parts, size };
  const of = (part: string, count: number, all: number) =>
    made(stage("y", [count], { parts: all, size: count }, { rename: { part } }));
  return [
    {
      op: "ordered-sum",
      name: `${parts} parts of ${size}`,
      inputs: { part: [parts, size] },
      record: ({ part }, tape) => {
        const y = tape.scratch("y", [size]);
        orderedSum(tape, part, y);
        return y;
      },
      outputs: { y: made(stage("y", [size], constants)) },
    },
    {
      op: "ordered-sum",
      name: `${parts} parts of ${size} and 5 of 3 at once`,
      inputs: { part: [parts, size], part_b: [5, 3] },
      record: ({ part, part_b }, tape) => {
        const y = tape.scratch("y", [size]);
        const y_b = tape.scratch("y_b", [3]);
        sumBoth(tape, part, y, part_b, y_b);
        return [y, y_b];
      },
      outputs: { y: of("part", size, parts), y_b: of("part_b", 3, 5) },
    },
  ];
}

function columnSum(rows: number, cols: number): OpCase {
  return {
    op: "column-sum",
    name: `${rows} rows of ${cols}`,
    inputs: { part: [rows, cols] },
    record: ({ part }, tape) => {
      const y = tape.scratch("y", [cols]);
      sumColumns(tape, part, y);
      return y;
    },
    outputs: { y: made(stage("y", [cols], { parts: rows, size: cols })) },
  };
}

function concatChannels(rows: number, a_channels: number, b_channels: number): OpCase {
  const constants = { a_channels, b_channels };
  const part = (channels: number, offset: number) => made(stage("d_part", [channels, rows], { ...constants, offset }));
  return {
    op: "concat-channels",
    name: `${rows} rows of ${a_channels} and ${b_channels}`,
    inputs: { a: [rows, a_channels], b: [rows, b_channels] },
    record: ({ a, b }) => F.concatChannels([a, b]),
    outputs: { y: made(stage("y", [a_channels + b_channels, rows], constants)) },
    gradients: { a: part(a_channels, 0), b: part(b_channels, a_channels) },
  };
}

function concatTokens(batch: number, a_tokens: number, b_tokens: number, cols: number): OpCase {
  const constants = { batch, a_tokens, b_tokens, cols };
  return {
    op: "concat-tokens",
    name: `${a_tokens} learned tokens before ${batch} x ${b_tokens} of ${cols}`,
    inputs: { a: [a_tokens, cols], b: [batch, b_tokens, cols] },
    record: ({ a, b }) => F.concatTokens([a, b]),
    outputs: { y: made(stage("y", [cols, a_tokens + b_tokens, batch], constants)) },
    gradients: {
      a: made(stage("d_a", [cols, a_tokens], constants)),
      b: made(stage("d_b", [cols, b_tokens, batch], constants)),
    },
  };
}

function sliceTokens(batch: number, tokens: number, start: number, count: number, cols: number): OpCase {
  const constants = { tokens, start, count, cols };
  return {
    op: "slice-tokens",
    name: `${start} to ${start + count} of ${batch} x ${tokens} tokens of ${cols}`,
    inputs: { x: [batch, tokens, cols] },
    record: ({ x }) => F.sliceTokens(x, start, count),
    outputs: { y: made(stage("y", [cols, count, batch], constants)) },
    gradients: { x: made(stage("d_x", [cols, tokens, batch], constants)) },
  };
}

function meanVertices(batch: number, vertices: number, channels: number): OpCase {
  const constants = { vertices, channels };
  return {
    op: "mean-vertices",
    name: `${batch} x ${vertices} vertices of ${channels}`,
    inputs: { x: [batch, vertices, channels] },
    record: ({ x }) => F.meanVertices(x),
    outputs: { y: made(stage("y", [channels, batch], constants)) },
    gradients: { x: made(stage("d_x", [channels, vertices, batch], constants)) },
  };
}

function modalityFusion(batch: number, tokens: number, cols: number): OpCase {
  const size = tokens * cols;
  return {
    op: "modality-fusion",
    name: `${batch} x ${tokens} tokens of ${cols}, some without depth`,
    inputs: {
      rgb: [batch, tokens, cols],
      depth: [batch, tokens, cols],
      placeholder: [1, tokens, cols],
      has_depth: [batch],
    },
    values: { has_depth: Array.from({ length: batch }, (_, b) => Number(b % 2 === 0)) },
    fixed: ["has_depth"],
    record: ({ rgb, depth, placeholder, has_depth }) => F.modalityFusion(rgb, depth, placeholder, has_depth),
    outputs: { y: made(stage("y", [size, batch], { size })) },
    gradients: {
      rgb: made(stage("d_rgb", [size, batch], { size })),
      depth: made(stage("d_depth", [size, batch], { size })),
      placeholder: made(stage("d_placeholder", [size], { size, batch })),
    },
  };
}

/** Cases of element-wise ops, sums and copies. */
export const elementwiseCases: readonly OpCase[] = [
  add(1, 67),
  add(5, 21),
  add(64, 192 * 64, true),
  affine2d(3, 23),
  gelu(131),
  relu(131),
  scale(129),
  dropPath(4, 35),
  dot(193),
  batchMean(1, false),
  batchMean(5, false),
  batchMean(67, true),
  weightedSum(2),
  weightedSum(9),
  fill(130),
  ...orderedSums(7, 65),
  columnSum(150, 67),
  concatChannels(7, 5, 8),
  concatTokens(3, 2, 5, 7),
  sliceTokens(2, 7, 2, 3, 9),
  meanVertices(2, 37, 5),
  modalityFusion(3, 5, 7),
];
