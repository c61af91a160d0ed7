import { describe, expect, it } from "vitest";
import { hash32, permutation, philox, random } from "../../src/data/random";

const ALL = 0xffffffff;

describe("counter-based random numbers", () => {
  it("reproduces the known answers of Philox4x32-10", () => {
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    expect(philox([ALL, ALL, ALL, ALL], [ALL, ALL])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });

  it("gives exactly these numbers, which a twin in Python repeats", () => {
    expect([hash32(""), hash32("augment"), hash32("SYA0/0003"), hash32("é手")]).toEqual(HASHES);
    const stream = random(42, "augment", 3, "SYA0/0003");
    expect(Array.from({ length: 6 }, () => stream.word())).toEqual(WORDS);
    const other = random(42, "augment", 3, "SYA0/0003");
    expect([other.uniform(), other.normal(), other.int(10), other.int(1000)]).toEqual(MIXED);
    expect(Array.from(permutation(10, 42, 1))).toEqual(ORDER);
  });

  it("changes with every part of its key and not with the order of use", () => {
    const first = random(1, "a", 0, "x").word();
    for (const other of [
      random(2, "a", 0, "x"),
      random(1, "b", 0, "x"),
      random(1, "a", 1, "x"),
      random(1, "a", 0, "y"),
    ]) {
      expect(other.word()).not.toBe(first);
    }
    expect(random(1, "a", 0, "x").word()).toBe(first);
  });

  it("is uniform and normal to the accuracy of 20,000 draws", () => {
    const stream = random(7, "test", 0, "");
    const count = 20000;
    const uniforms = Array.from({ length: count }, () => stream.uniform());
    const normals = Array.from({ length: count }, () => stream.normal());
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(uniforms)).toBeCloseTo(0.5, 2);
    expect(mean(uniforms.map((u) => (u - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    expect(Math.abs(mean(normals))).toBeLessThan(0.03);
    expect(Math.abs(mean(normals.map((x) => x * x)) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(normals.map((x) => x ** 4)) - 3)).toBeLessThan(0.3);
    const hits = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7000; i++) hits[stream.int(7)]++;
    for (const hit of hits) expect(Math.abs(hit - 1000)).toBeLessThan(130);
  });

  it("does not favour small integers of a range near 2^32", () => {
    const stream = random(7, "range", 0, "");
    let low = 0;
    for (let i = 0; i < 3000; i++) if (stream.int(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 1000)).toBeLessThan(120);
  });

  it("permutes every place once, differently in each epoch", () => {
    const order = permutation(1000, 5, 0);
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(1000, 5, 1)).not.toEqual(order);
    expect(permutation(0, 5, 0)).toHaveLength(0);
  });

  it("refuses seeds and ranges that are no integers", () => {
    expect(() => random(0.5, "a", 0, "")).toThrow("the seed is 0.5");
    expect(() => random(0, "a", Number.NaN, "")).toThrow("the epoch is NaN");
    expect(() => random(0, "a", 0, "").int(0)).toThrow("int(0)");
  });
});

const HASHES: number[] = [2872998923, 2657568209, 1710692633, 1544720644];
const WORDS: number[] = [2118880652, 328443684, 743609763, 3902860589, 3078024134, 3304184392];
const MIXED: number[] = [0.49334034603089094, 1.053036715340541, 9, 134];
const ORDER: number[] = [8, 9, 6, 3, 2, 7, 4, 5, 1, 0];
