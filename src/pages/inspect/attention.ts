/** What rows of attention matrices say. Pure. */
import type { AttentionHead, TokenGrid } from "../../train/inspect/types";

/** Number of tokens: those in front and the patches. */
export const tokenCount = ({ front, rows, columns }: TokenGrid): number => front.length + rows * columns;

/** "index MCP", "shape", "patch 3, 5" (row and column, from 1). */
export function tokenName({ front, columns }: TokenGrid, token: number): string {
  if (token < front.length) return front[token];
  const patch = token - front.length;
  return `patch ${Math.floor(patch / columns) + 1}, ${(patch % columns) + 1}`;
}

/** What `token` attends to, [T], of one head or as the mean of several; undefined without a head. */
export function attentionRow(heads: readonly AttentionHead[], token: number, count: number): Float32Array | undefined {
  if (heads.length === 0) return undefined;
  const out = new Float32Array(count);
  for (const { probabilities } of heads) {
    for (let key = 0; key < count; key++) out[key] += probabilities[token * count + key] / heads.length;
  }
  return out;
}

export interface Spread {
  /** Share of the attention that goes to the patches; the rest goes to the tokens in front of them. */
  readonly patches: number;
  /** exp of the entropy: as many tokens, evenly looked at, would be as spread out. */
  readonly tokens: number;
}

/** How far a row [T] is spread. */
export function spreadOf(row: ArrayLike<number>, front: number): Spread {
  let [patches, entropy] = [0, 0];
  for (let key = 0; key < row.length; key++) {
    if (key >= front) patches += row[key];
    if (row[key] > 0) entropy -= row[key] * Math.log(row[key]);
  }
  return { patches, tokens: Math.exp(entropy) };
}

/** The `most` tokens that a row looks at most, largest first. */
export function topTokens(row: ArrayLike<number>, most: number): readonly { token: number; share: number }[] {
  return Array.from(row, (share, token) => ({ token, share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, most);
}

/** Patches in which no pixel has a depth (255 is far or missing), [rows * columns] of 0 and 1. */
export function patchesWithoutDepth(
  depth: Uint8ClampedArray,
  { rows, columns, patch }: Pick<TokenGrid, "rows" | "columns" | "patch">,
): Uint8Array {
  const out = new Uint8Array(rows * columns).fill(1);
  const width = columns * patch;
  for (let i = 0; i < rows * patch * width; i++) {
    if (depth[i] < 255) out[Math.floor(i / width / patch) * columns + Math.floor((i % width) / patch)] = 0;
  }
  return out;
}

/** Patches whose middle lies outside of the filmed frame, [rows * columns] of 0 and 1. `corners` as FilmedFrame has them. */
export function patchesOutsideFrame(
  { corners, width, height }: { readonly corners: ArrayLike<number>; readonly width: number; readonly height: number },
  { rows, columns }: Pick<TokenGrid, "rows" | "columns">,
): Uint8Array {
  const out = new Uint8Array(rows * columns);
  for (let i = 0; i < out.length; i++) {
    const [u, v] = [((i % columns) + 0.5) / columns, (Math.floor(i / columns) + 0.5) / rows];
    // The crop is a parallelogram in the frame: two of its sides lead anywhere in it.
    const [x, y] = [0, 1].map(
      (k) => corners[k] + u * (corners[2 + k] - corners[k]) + v * (corners[6 + k] - corners[k]),
    );
    out[i] = Number(x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5);
  }
  return out;
}
