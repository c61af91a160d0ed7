import { checkMeshes, type ExportMesh, wordOf } from "./mesh";

const VERTEX_BYTES = 16;
const FACE_BYTES = 13;
const WHITE = [255, 255, 255];

/**
 * Binary PLY, little-endian: all meshes in one list of vertices with colours (white without) and the number of their mesh,
 * whose names and ranges stand in comments. Metres in OpenCV's camera axes. Throws as `checkMeshes` does, and above 256 meshes.
 */
export function writePly(meshes: readonly ExportMesh[]): Uint8Array<ArrayBuffer> {
  checkMeshes("PLY", meshes);
  if (meshes.length > 256) throw new Error(`PLY: ${meshes.length} meshes are more than the 256 that a file can number`);
  const vertexCount = meshes.reduce((sum, { vertices }) => sum + vertices.length / 3, 0);
  const faceCount = meshes.reduce((sum, { faces }) => sum + faces.length / 3, 0);
  const header = new TextEncoder().encode(headerOf(meshes, vertexCount, faceCount));
  const bytes = new Uint8Array(header.length + VERTEX_BYTES * vertexCount + FACE_BYTES * faceCount);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  let at = header.length;
  meshes.forEach(({ vertices, colours }, mesh) => {
    for (let i = 0; i < vertices.length; i += 3, at += VERTEX_BYTES) {
      for (let k = 0; k < 3; k++) view.setFloat32(at + 4 * k, vertices[i + k], true);
      bytes.set([...(colours?.subarray(i, i + 3) ?? WHITE), mesh], at + 12);
    }
  });
  let first = 0;
  for (const { vertices, faces } of meshes) {
    for (let i = 0; i < faces.length; i += 3, at += FACE_BYTES) {
      view.setUint8(at, 3);
      for (let k = 0; k < 3; k++) view.setUint32(at + 1 + 4 * k, faces[i + k] + first, true);
    }
    first += vertices.length / 3;
  }
  return bytes;
}

function headerOf(meshes: readonly ExportMesh[], vertexCount: number, faceCount: number): string {
  let first = 0;
  const names = meshes.map(({ name, vertices }, mesh) => {
    const last = first + vertices.length / 3 - 1;
    const line = `comment mesh ${mesh} ${wordOf(name)} vertices ${first} to ${last}`;
    first = last + 1;
    return line;
  });
  const lines = [
    "ply",
    "format binary_little_endian 1.0",
    "comment Handloom: metres, OpenCV camera axes (x right, y down, z forward)",
    ...names,
    `element vertex ${vertexCount}`,
    ...["x", "y", "z"].map((axis) => `property float ${axis}`),
    ...["red", "green", "blue", "mesh"].map((name) => `property uchar ${name}`),
    `element face ${faceCount}`,
    "property list uchar uint vertex_indices",
    "end_header",
  ];
  return `${lines.join("\n")}\n`;
}
