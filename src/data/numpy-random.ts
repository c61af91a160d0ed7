/** NumPy's legacy random numbers, for splits that were made with them. Nothing else here draws from them: see `random.ts`. */

const WORDS = 624;
const SHIFT = 397;

/** `np.random.seed(seed)`: the 32-bit words of MT19937 (Matsumoto and Nishimura, 1998), seeded by one number. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(WORDS);
  state[0] = seed;
  for (let i = 1; i < WORDS; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let used = WORDS;
  const refill = (): void => {
    for (let i = 0; i < WORDS; i++) {
      const both = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % WORDS] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    used = 0;
  };
  return () => {
    if (used === WORDS) refill();
    let word = state[used++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

/**
 * What `indices = list(range(n)); np.random.seed(seed); np.random.shuffle(indices)` leaves in `indices`: Fisher-Yates from the
 * last place down, the partner drawn by masking a word to the bits of i and passing over what is larger than i.
 * Throws unless n is an integer of 0 to 2^32 - 1 and the seed a 32-bit one.
 */
export function numpyShuffle(n: number, seed: number): Uint32Array {
  for (const [what, value] of Object.entries({ "number of indices": n, seed })) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`numpyShuffle: the ${what} is ${value}, expected an integer of 0 to 2^32 - 1`);
    }
  }
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const next = mersenneTwister(seed);
  for (let i = n - 1; i > 0; i--) {
    const mask = 0xffffffff >>> Math.clz32(i);
    const draw = (): number => (next() & mask) >>> 0;
    let j = draw();
    while (j > i) j = draw();
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
