/** Reads the one skinned mesh of a binary glTF 2.0 file (Khronos specification, sections 3.6 and 4.4); nothing else of glTF. */

/** A skinned mesh in its bind pose; four joints per vertex. */
export interface SkinnedMesh {
  readonly positions: Float32Array; // [N * 3] metres
  readonly faces: Uint32Array; // [F * 3]
  readonly jointIndices: Uint8Array; // [N * 4] places in `joints`
  readonly jointWeights: Float32Array; // [N * 4]
  readonly joints: readonly { readonly name: string; readonly position: readonly number[] }[];
}

interface Gltf {
  readonly accessors: readonly {
    bufferView: number;
    byteOffset?: number;
    componentType: number;
    count: number;
    type: string;
  }[];
  readonly bufferViews: readonly { byteOffset?: number; byteLength: number; byteStride?: number }[];
  readonly meshes: readonly { primitives: readonly { attributes: Record<string, number>; indices: number }[] }[];
  readonly skins: readonly { joints: readonly number[]; inverseBindMatrices: number }[];
  readonly nodes: readonly { name: string }[];
}

const COMPONENTS: Record<string, number> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };
const MAGIC = 0x46546c67;

/** The first mesh of a .glb file with its first skin. Throws when the bytes are no such file. */
export function readSkinnedMesh(bytes: ArrayBuffer, name: string): SkinnedMesh {
  const view = new DataView(bytes);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== 2) {
    throw new Error(`${name}: found no glTF 2.0 header, expected a .glb file`);
  }
  const jsonLength = view.getUint32(12, true);
  const gltf = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 20, jsonLength))) as Gltf;
  const dataStart = 20 + jsonLength + 8;
  const read = (index: number): number[] => {
    const { bufferView, byteOffset = 0, componentType, count, type } = gltf.accessors[index];
    const { byteOffset: start = 0, byteStride } = gltf.bufferViews[bufferView];
    if (byteStride !== undefined) throw new Error(`${name}: accessor ${index} is interleaved, expected packed data`);
    const at = dataStart + start + byteOffset;
    return Array.from({ length: count * COMPONENTS[type] }, (_, i) => {
      if (componentType === 5121) return view.getUint8(at + i);
      if (componentType === 5123) return view.getUint16(at + 2 * i, true);
      if (componentType === 5125) return view.getUint32(at + 4 * i, true);
      if (componentType === 5126) return view.getFloat32(at + 4 * i, true);
      throw new Error(
        `${name}: accessor ${index} has component type ${componentType}, expected 5121, 5123, 5125 or 5126`,
      );
    });
  };
  const { attributes, indices } = gltf.meshes[0].primitives[0];
  const skin = gltf.skins[0];
  const inverseBind = read(skin.inverseBindMatrices);
  return {
    positions: Float32Array.from(read(attributes.POSITION)),
    faces: Uint32Array.from(read(indices)),
    jointIndices: Uint8Array.from(read(attributes.JOINTS_0)),
    jointWeights: Float32Array.from(read(attributes.WEIGHTS_0)),
    joints: skin.joints.map((node, k) => ({
      name: gltf.nodes[node].name,
      position: bindPosition(inverseBind.slice(16 * k, 16 * k + 16)),
    })),
  };
}

/** Origin of a joint from its inverse bind matrix (column-major): -R^T t. */
function bindPosition(m: readonly number[]): number[] {
  return [0, 1, 2].map((c) => -(m[4 * c] * m[12] + m[4 * c + 1] * m[13] + m[4 * c + 2] * m[14]));
}
