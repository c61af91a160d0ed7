import { checkMeshes, type ExportMesh } from "./mesh";

/** glTF 2.0, sections 4 (GLB) and 5 (properties): codes of component types and buffer targets. */
const FLOAT = 5126;
const UNSIGNED_INT = 5125;
const ARRAY_BUFFER = 34962;
const ELEMENT_ARRAY_BUFFER = 34963;
const [MAGIC, VERSION, JSON_CHUNK, BINARY_CHUNK] = [0x46546c67, 2, 0x4e4f534a, 0x004e4942];

/**
 * Binary glTF 2.0: a node and a mesh for each hand under one node that turns OpenCV's axes to glTF's (y up, z towards the
 * viewer), so that the vertices keep their numbers, in metres. Throws as `checkMeshes` does.
 */
export function writeGlb(meshes: readonly ExportMesh[]): Uint8Array<ArrayBuffer> {
  checkMeshes("GLB", meshes);
  const parts: Uint8Array[] = [];
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  let length = 0;
  const add = (data: Float32Array | Uint32Array, target: number, accessor: object): number => {
    bufferViews.push({ buffer: 0, byteOffset: length, byteLength: data.byteLength, target });
    // Four bytes a number: every view begins where its numbers may.
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    length += data.byteLength;
    return accessors.push({ bufferView: bufferViews.length - 1, ...accessor }) - 1;
  };
  const glMeshes = meshes.map(({ name, vertices, faces, colours }) => {
    const points = Float32Array.from(vertices);
    const vector = { componentType: FLOAT, count: points.length / 3, type: "VEC3" };
    const attributes = { POSITION: add(points, ARRAY_BUFFER, { ...vector, ...rangeOf(points) }) };
    if (colours !== undefined)
      Object.assign(attributes, { COLOR_0: add(Float32Array.from(colours, linear), ARRAY_BUFFER, vector) });
    const corners = { componentType: UNSIGNED_INT, count: faces.length, type: "SCALAR" };
    const indices = add(Uint32Array.from(faces), ELEMENT_ARRAY_BUFFER, corners);
    return { name, primitives: [{ attributes, indices, material: 0 }] };
  });
  const root = meshes.length;
  const gltf = {
    asset: { version: "2.0", generator: "Handloom" },
    scene: 0,
    scenes: [{ nodes: [root] }],
    nodes: [
      ...meshes.map(({ name }, mesh) => ({ name, mesh })),
      { name: "OpenCV camera axes, metres", rotation: [1, 0, 0, 0], children: meshes.map((_, mesh) => mesh) },
    ],
    meshes: glMeshes,
    materials: [{ name: "hand", doubleSided: true, pbrMetallicRoughness: { metallicFactor: 0, roughnessFactor: 0.9 } }],
    accessors,
    bufferViews,
    buffers: [{ byteLength: length }],
  };
  return container(new TextEncoder().encode(JSON.stringify(gltf)), parts, length);
}

/** Header and two chunks, each filled up to four bytes: text with spaces, numbers with zeros. */
function container(text: Uint8Array, parts: readonly Uint8Array[], dataLength: number): Uint8Array<ArrayBuffer> {
  const textLength = 4 * Math.ceil(text.length / 4);
  const bytes = new Uint8Array(12 + 8 + textLength + 8 + dataLength);
  const view = new DataView(bytes.buffer);
  const words = (at: number, ...values: readonly number[]): void =>
    values.forEach((value, i) => {
      view.setUint32(at + 4 * i, value, true);
    });
  words(0, MAGIC, VERSION, bytes.length, textLength, JSON_CHUNK);
  bytes.fill(0x20, 20, 20 + textLength);
  bytes.set(text, 20);
  words(20 + textLength, dataLength, BINARY_CHUNK);
  let at = 28 + textLength;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The box of the points as float32 has them, which a POSITION must state. */
function rangeOf(points: Float32Array): { readonly min: number[]; readonly max: number[] } {
  const [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [value, value, value]);
  points.forEach((value, i) => {
    min[i % 3] = Math.min(min[i % 3], value);
    max[i % 3] = Math.max(max[i % 3], value);
  });
  return { min, max };
}

/** glTF's vertex colours are linear light. IEC 61966-2-1. */
function linear(byte: number): number {
  const x = byte / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
}
