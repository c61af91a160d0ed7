/** What tokens attend to, from the queries and keys that the GPU made. */

/**
 * softmax(q k^T / sqrt(d)) [T, T] of head `head`, from one sample's qkv [T, 3 D] packed as timm does, D split into [3, heads, d].
 * The attention kernel never stores scores (it keeps one log-sum-exp for each row), so they are made here anew, in float64 from
 * the very float32 numbers that the kernel read: they differ from the kernel's by the rounding of float32, about 1e-6.
 * Vaswani et al. 2017, eq. 1. Throws when there is no such head.
 */
export function attentionProbabilities(qkv: Float32Array, tokens: number, heads: number, head: number): Float32Array {
  const width = qkv.length / tokens;
  const dim = width / 3 / heads;
  if (!(Number.isInteger(head) && head >= 0 && head < heads))
    throw new Error(`attention: head ${head}, expected 0 to ${heads - 1}`);
  if (!Number.isInteger(dim))
    throw new Error(`attention: qkv has ${qkv.length} numbers, expected ${tokens} tokens of 3 x ${heads} heads`);
  const out = new Float32Array(tokens * tokens);
  const scores = new Float64Array(tokens);
  const scale = 1 / Math.sqrt(dim);
  for (let query = 0; query < tokens; query++) {
    const q = query * width + head * dim;
    let most = Number.NEGATIVE_INFINITY;
    for (let key = 0; key < tokens; key++) {
      const k = key * width + width / 3 + head * dim;
      let sum = 0;
      for (let i = 0; i < dim; i++) sum += qkv[q + i] * qkv[k + i];
      scores[key] = sum * scale;
      most = Math.max(most, scores[key]);
    }
    let total = 0;
    for (let key = 0; key < tokens; key++) {
      scores[key] = Math.exp(scores[key] - most);
      total += scores[key];
    }
    for (let key = 0; key < tokens; key++) out[query * tokens + key] = scores[key] / total;
  }
  return out;
}
