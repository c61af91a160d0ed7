import { describe, expect, it } from "vitest";
import { normalizedAdjacency, ringAdjacency } from "../../src/model/mesh-graph";
import { type Csr, transposeCsr } from "../../src/ops/csr";

const rowOf = ({ rowStart, column, value }: Csr, row: number): [number, number][] =>
  Array.from(column.subarray(rowStart[row], rowStart[row + 1]), (c, i) => [c, value[rowStart[row] + i]]);

/** A closed strip of 2 n triangles around a cylinder of n vertices above and n below. */
function cylinder(n: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    const next = (i + 1) % n;
    return [i, next, n + i, next, n + next, n + i];
  }).flat();
}

describe("normalizedAdjacency", () => {
  it("holds each edge twice and each vertex once", () => {
    // V - E + F = 0 on a cylinder: 14 vertices, 14 faces, 28 edges.
    const graph = normalizedAdjacency(cylinder(7), 14);
    expect(graph.column.length).toBe(2 * 28 + 14);
    expect([graph.rows, graph.columns]).toEqual([14, 14]);
  });

  it("is symmetric", () => {
    const graph = normalizedAdjacency(cylinder(7), 14);
    expect(transposeCsr(graph)).toEqual(graph);
  });

  it("weighs an edge by both degrees, the vertex itself counted; a vertex without faces keeps itself", () => {
    // Two triangles on edge 1-2: degrees 3, 4, 4, 3 with the self-loops.
    const graph = normalizedAdjacency([0, 1, 2, 1, 3, 2], 5);
    expect(rowOf(graph, 0)).toEqual([
      [0, Math.fround(1 / 3)],
      [1, Math.fround(1 / Math.sqrt(12))],
      [2, Math.fround(1 / Math.sqrt(12))],
    ]);
    expect(rowOf(graph, 1)).toEqual([
      [0, Math.fround(1 / Math.sqrt(12))],
      [1, 0.25],
      [2, 0.25],
      [3, Math.fround(1 / Math.sqrt(12))],
    ]);
    expect(rowOf(graph, 4)).toEqual([[4, 1]]);
  });

  it("refuses a vertex that the mesh has not", () => {
    expect(() => normalizedAdjacency([0, 1, 2, 1, 9, 2], 5)).toThrow(
      "normalizedAdjacency: face 1 names vertex 9, the mesh has 5",
    );
  });
});

describe("ringAdjacency", () => {
  it("joins two neighbours on each side with a quarter each, and no vertex to itself", () => {
    const graph = ringAdjacency(778);
    expect(graph.column.length).toBe(4 * 778);
    expect(rowOf(graph, 0)).toEqual([1, 2, 776, 777].map((c) => [c, 0.25]));
    expect(rowOf(graph, 400)).toEqual([398, 399, 401, 402].map((c) => [c, 0.25]));
    expect(transposeCsr(graph)).toEqual(graph);
  });

  it("refuses a ring whose neighbours coincide", () => {
    expect(() => ringAdjacency(4)).toThrow("ringAdjacency: 4 vertices, expected at least 5");
  });
});
