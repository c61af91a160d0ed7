/** Which tiling a GEMM is recorded with. All tilings give the same bits; only speed differs. */
import type { KernelStyle } from "../gpu/kernel";

export interface GemmSizes {
  /** Rows of y, columns of y, and the length that is summed over. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export interface GemmTile {
  /** Entry point of gemm.wgsl (direct) or gemm-shared.wgsl (shared). */
  readonly entryPoint: string;
  readonly rows: number;
  readonly cols: number;
  /** Tiles that one workgroup makes, in the order of rows; undefined when a workgroup is one tile of a 2D grid. */
  readonly tilesPerGroup: number | undefined;
}

const DIRECT_GROUP = 32;
/** direct: register tiles without barriers, the style cpu; shared: tiles in workgroup memory, the style gpu. */
export const GEMM_TILES = {
  direct_8x16: { entryPoint: "direct_8x16", rows: 8, cols: 16, tilesPerGroup: DIRECT_GROUP },
  shared_32x32: { entryPoint: "shared_32x32", rows: 32, cols: 32, tilesPerGroup: undefined },
  shared_64x64: { entryPoint: "shared_64x64", rows: 64, cols: 64, tilesPerGroup: undefined },
} as const satisfies Record<string, GemmTile>;

/**
 * The tile for y [m, n]: on a GPU large where there are enough tiles to keep every core busy; one on a CPU adapter, where
 * every other tile would be one more set of kernels to compile.
 */
export function chooseTile({ m, n }: GemmSizes, style: KernelStyle): GemmTile {
  if (style === "cpu") return GEMM_TILES.direct_8x16;
  return Math.ceil(m / 64) * Math.ceil(n / 64) >= 128 ? GEMM_TILES.shared_64x64 : GEMM_TILES.shared_32x32;
}

/**
 * Length of the slices of k of a weight gradient, a multiple of 16 that depends on the shape alone, so that the order of
 * addition does not change with the adapter. Slices of at least 256, and only while y has fewer than 192 tiles of 64 x 64.
 */
export function sliceLength({ m, n, k }: GemmSizes): number {
  const tiles = Math.ceil(m / 64) * Math.ceil(n / 64);
  const slices = Math.max(1, Math.min(Math.ceil(k / 256), Math.floor(192 / tiles)));
  return Math.max(16, Math.ceil(k / slices / 16) * 16);
}
