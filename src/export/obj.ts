import { checkMeshes, type ExportMesh, wordOf } from "./mesh";

/**
 * Wavefront OBJ: an object for each mesh, metres in OpenCV's camera axes (y down, z away: turn it by 180 degrees about x for a
 * viewer whose y points up). It has no colours. Throws as `checkMeshes` does.
 */
export function writeObj(meshes: readonly ExportMesh[]): Uint8Array<ArrayBuffer> {
  checkMeshes("OBJ", meshes);
  const lines = ["# Handloom: metres, OpenCV camera axes (x right, y down, z forward)"];
  // Faces count the vertices of the whole file, from 1.
  let first = 1;
  for (const { name, vertices, faces } of meshes) {
    lines.push(`o ${wordOf(name)}`);
    for (let i = 0; i < vertices.length; i += 3) {
      lines.push(`v ${[vertices[i], vertices[i + 1], vertices[i + 2]].map(decimal).join(" ")}`);
    }
    for (let i = 0; i < faces.length; i += 3) {
      lines.push(`f ${faces[i] + first} ${faces[i + 1] + first} ${faces[i + 2] + first}`);
    }
    first += vertices.length / 3;
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

/** A hundredth of a micrometre is left, and no exponent, which not every reader knows. */
const decimal = (metres: number): string => metres.toFixed(8);
