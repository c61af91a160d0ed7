/**
 * Counter-based random numbers: every choice is a pure function of (seed, purpose, epoch, id, position), so it does not
 * depend on the order, the number of workers or the number of ranks. All in 32-bit integer operations:
 *
 *   hash32(text, basis) = fmix32(FNV-1a over the UTF-8 bytes, starting from `basis`, prime 16777619)
 *   fmix32(h): h ^= h >>> 16; h *= 0x85ebca6b; h ^= h >>> 13; h *= 0xc2b2ae35; h ^= h >>> 16   (MurmurHash3)
 *   key     = [seed mod 2^32, hash32(purpose, 0x811c9dc5)]
 *   counter = [block, epoch mod 2^32, hash32(id, 0x811c9dc5), hash32(id, 0x01000193)],  block = 0, 1, 2, ...
 *   words of the stream: the four outputs of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 *   1, 2, 3", 2011) for block 0, then for block 1, ...
 *   uniform = word / 2^32;  int(n): words >= floor(2^32 / n) * n are passed over, then word mod n
 *   normal  = sqrt(-2 log((a + 1) / 2^32)) * cos(2 pi (b / 2^32)) with two words a, b, and log, cos of `math.ts`
 *   permutation: Fisher-Yates from the last place down, partner = int(i + 1), purpose "permutation", id ""
 */
import { cos, log } from "./math";

const TWO_32 = 4294967296;
const FNV_BASIS = 0x811c9dc5;
const SECOND_BASIS = 0x01000193;

/** A stream of random numbers. */
export interface Random {
  /** The next 32 bits, 0 <= word < 2^32. */
  word(): number;
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer, 0 <= value < n. Throws unless n is an integer of 1 to 2^32. */
  int(n: number): number;
}

function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + (other >>> 16)) >>> 0;
}

/** Philox4x32-10: counter [4] and key [2] of unsigned 32-bit words to four words. */
export function philox(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter.map((word) => word >>> 0);
  let [k0, k1] = key.map((word) => word >>> 0);
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = mulHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** 32-bit hash of a text: FNV-1a over its UTF-8 bytes, then MurmurHash3's finaliser. */
export function hash32(text: string, basis = FNV_BASIS): number {
  let h = basis;
  for (const byte of new TextEncoder().encode(text)) h = Math.imul(h ^ byte, 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function requireInteger(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`random: ${what} is ${value}, expected an integer`);
  return value >>> 0;
}

/** The random stream of one choice, e.g. `random(seed, "augment", epoch, frame.id)`. Throws unless seed and epoch are integers. */
export function random(seed: number, purpose: string, epoch: number, id: string): Random {
  const key = [requireInteger(seed, "the seed"), hash32(purpose)];
  const counter = [0, requireInteger(epoch, "the epoch"), hash32(id), hash32(id, SECOND_BASIS)];
  let block: readonly number[] = [];
  let used = 4;
  const word = (): number => {
    if (used === 4) {
      block = philox(counter, key);
      counter[0]++;
      used = 0;
    }
    return block[used++];
  };
  const uniform = (): number => word() / TWO_32;
  const normal = (): number => {
    const radius = Math.sqrt(-2 * log((word() + 1) / TWO_32));
    return radius * cos(2 * Math.PI * uniform());
  };
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) {
      throw new RangeError(`random: int(${n}) asked, expected an integer of 1 to 2^32`);
    }
    const limit = Math.floor(TWO_32 / n) * n;
    let value = word();
    while (value >= limit) value = word();
    return value % n;
  };
  return { word, uniform, normal, int };
}

/** A random order of 0 .. n-1, fixed by seed and epoch. */
export function permutation(n: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const stream = random(seed, "permutation", epoch, "");
  for (let i = n - 1; i > 0; i--) {
    const j = stream.int(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
