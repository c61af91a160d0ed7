/** Damages a file in the ways that break readers: bits, lengths, cuts, splices, words of the format. Fixed by seed and index. */

export interface Dice {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
}

/** Mulberry32: fast, and one number starts it. */
export function dice(seed: number, stream: number): Dice {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  return {
    below: (n) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % n;
    },
  };
}

const BYTES = [0, 1, 2, 0x0a, 0x20, 0x22, 0x2e, 0x30, 0x7f, 0x80, 0xfe, 0xff];
const LENGTHS = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  13,
  255,
  256,
  65_535,
  65_536,
  2 ** 20,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

function joined(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, from), by, bytes.subarray(to));
}

/** A number of 1, 2, 4 or 8 bytes, little or big endian, written over whatever stood there. */
function editLength(bytes: Uint8Array, at: number, die: Dice): Uint8Array {
  const size = [1, 2, 4, 4, 4, 8][die.below(6)];
  const field = new Uint8Array(8);
  const view = new DataView(field.buffer);
  const value = die.below(4) === 0 ? die.below(2 * bytes.length + 8) : LENGTHS[die.below(LENGTHS.length)];
  const isLittle = die.below(2) === 0;
  if (size === 8) view.setBigUint64(0, BigInt(value) << BigInt(8 * die.below(4)), isLittle);
  else view.setUint32(0, value, isLittle);
  const digits = isLittle || size === 8 ? field.subarray(0, size) : field.subarray(4 - size, 4);
  return replaced(bytes, at, Math.min(bytes.length, at + size), digits);
}

function once(bytes: Uint8Array, other: Uint8Array, words: readonly Uint8Array[], die: Dice): Uint8Array {
  const at = die.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + die.below(die.below(3) === 0 ? bytes.length + 1 : 16));
  const out = bytes.slice();
  switch (die.below(11)) {
    case 0:
    case 1:
      if (at < out.length) out[at] ^= 1 << die.below(8);
      return out;
    case 2:
      if (at < out.length) out[at] = BYTES[die.below(BYTES.length)];
      return out;
    case 3:
      if (at < out.length) out[at] = die.below(256);
      return out;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return replaced(bytes, at, end, new Uint8Array(0));
    case 6:
      return replaced(bytes, at, at, bytes.subarray(at, end));
    case 7: {
      const from = die.below(other.length + 1);
      return replaced(bytes, at, end, other.subarray(from, from + die.below(64)));
    }
    case 8:
      return editLength(bytes, at, die);
    default: {
      const word = words[die.below(words.length)];
      return replaced(bytes, at, die.below(2) === 0 ? at : Math.min(bytes.length, at + word.length), word);
    }
  }
}

/** One to six damages of a seed; `other` is a second seed to splice from, `words` are pieces of the format. */
export function mutate(seed: Uint8Array, other: Uint8Array, words: readonly Uint8Array[], die: Dice): Uint8Array {
  let bytes = seed;
  const rounds = 1 + die.below(die.below(3) === 0 ? 6 : 2);
  for (let round = 0; round < rounds; round++) bytes = once(bytes, other, words, die);
  return bytes.length > 4 * seed.length + 4096 ? bytes.subarray(0, 4 * seed.length + 4096) : bytes;
}
