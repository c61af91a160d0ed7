import type { ExportMesh } from "../../export/mesh";
import { heatOf } from "./palette";
import type { ViewerHand } from "./scene";

/**
 * The hands that have a mesh as files take them, in the colours of the viewer: by error up to `limit` metres where a hand has
 * errors, else one. Round the hand's own origin, unless `isInCamera`: then where the sample's camera has them.
 */
export function exportMeshes(
  hands: readonly ViewerHand[],
  limit: number,
  rgbOf: (property: string) => readonly [number, number, number],
  isInCamera = false,
): ExportMesh[] {
  return hands.flatMap(({ name, vertices, faces, errors, colour, origin }) => {
    if (vertices === undefined || faces === undefined) return [];
    const plain = rgbOf(colour);
    const colours = errors === undefined ? Uint8Array.from(vertices, (_, i) => plain[i % 3]) : heatOf(errors, limit);
    const moved = isInCamera && origin !== undefined ? vertices.map((x, i) => x + origin[i % 3]) : vertices;
    return [{ name, vertices: moved, faces, colours }];
  });
}
