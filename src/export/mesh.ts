/** A mesh on its way into a file: what OBJ, PLY and GLB have in common. */
export interface ExportMesh {
  /** Name of the object in the file: "true", "predicted". */
  readonly name: string;
  readonly vertices: Float32Array | Float64Array; // [V, 3] metres, OpenCV camera axes
  readonly faces: Uint32Array; // [F, 3], counter-clockwise from outside
  /** sRGB, 8 bits. */
  readonly colours?: Uint8Array; // [V, 3]
}

/** Throws, naming the file and the mesh, for no mesh, a name without a letter, odd lengths, a face without its vertex, a number that is not finite. */
export function checkMeshes(file: string, meshes: readonly ExportMesh[]): void {
  const fail = (name: string, text: string): never => {
    throw new Error(`${file}: mesh "${name}" ${text}`);
  };
  if (meshes.length === 0) throw new Error(`${file}: there is no mesh to write, expected at least one`);
  for (const { name, vertices, faces, colours } of meshes) {
    const count = vertices.length / 3;
    if (name.trim() === "") fail(name, "has an empty name, expected one that says which hand it is");
    if (!Number.isInteger(count) || count === 0)
      fail(name, `has ${vertices.length} coordinates, expected three for each vertex`);
    if (faces.length % 3 !== 0 || faces.length === 0)
      fail(name, `has ${faces.length} corners, expected three for each face`);
    const missing = faces.find((vertex) => vertex >= count);
    if (missing !== undefined) fail(name, `has a face with vertex ${missing}, expected 0 to ${count - 1}`);
    const wrong = vertices.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) fail(name, `has vertex ${Math.floor(wrong / 3)} at ${vertices[wrong]}, expected finite metres`);
    if (colours !== undefined && colours.length !== vertices.length) {
      fail(name, `has ${colours.length / 3} colours for ${count} vertices`);
    }
  }
}

/** Names as formats of lines and words can hold them: white space and control characters become "_". */
export const wordOf = (name: string): string => name.trim().replace(/[\s\p{Cc}]+/gu, "_");
