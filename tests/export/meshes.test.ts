/** Meshes as OBJ, PLY and GLB, read again from their bytes. */
import { describe, expect, it } from "vitest";
import { writeGlb } from "../../src/export/glb";
import type { ExportMesh } from "../../src/export/mesh";
import { writeObj } from "../../src/export/obj";
import { writePly } from "../../src/export/ply";
import { openHand } from "../helpers/open-hand";

const model = openHand();
const truth: ExportMesh = {
  name: "true hand",
  vertices: Float64Array.from(model.vTemplate),
  faces: Uint32Array.from(model.faces),
};
const predicted: ExportMesh = {
  name: "predicted",
  vertices: Float32Array.from(model.vTemplate, (value, i) => value + 0.001 * (i % 7)),
  faces: Uint32Array.from(model.faces),
  colours: Uint8Array.from({ length: 3 * 778 }, (_, i) => (i * 37) % 256),
};
const both = [truth, predicted];
const writers = { OBJ: writeObj, PLY: writePly, GLB: writeGlb };

interface ReadMesh {
  readonly name: string;
  readonly vertices: number[];
  readonly faces: number[];
}

describe("OBJ", () => {
  function read(bytes: Uint8Array): ReadMesh[] {
    const meshes: ReadMesh[] = [];
    let first = 1;
    for (const line of new TextDecoder().decode(bytes).split("\n")) {
      const [kind, ...words] = line.split(" ");
      const last = meshes[meshes.length - 1];
      if (kind === "o") {
        first += last === undefined ? 0 : last.vertices.length / 3;
        meshes.push({ name: words.join(" "), vertices: [], faces: [] });
      }
      if (kind === "v") last.vertices.push(...words.map(Number));
      if (kind === "f") last.faces.push(...words.map((word) => Number(word) - first));
    }
    return meshes;
  }

  it("has an object for each hand, with vertices counted through the file", () => {
    const [a, b] = read(writeObj(both));
    expect([a.name, b.name]).toEqual(["true_hand", "predicted"]);
    for (const [found, mesh] of [
      [a, truth],
      [b, predicted],
    ] as const) {
      expect(found.faces).toEqual(Array.from(mesh.faces));
      expect(Math.max(...found.vertices.map((value, i) => Math.abs(value - mesh.vertices[i])))).toBeLessThan(1e-8);
    }
    expect(new TextDecoder().decode(writeObj(both))).not.toMatch(/\de[-+]/);
  });
});

describe("PLY", () => {
  it("has vertices, colours and numbers of their meshes, and faces that count through the file", () => {
    const bytes = writePly(both);
    const text = new TextDecoder("latin1").decode(bytes);
    const end = text.indexOf("end_header\n") + "end_header\n".length;
    const header = text.slice(0, end).split("\n");
    expect(header.slice(0, 2)).toEqual(["ply", "format binary_little_endian 1.0"]);
    expect(header).toContain("comment mesh 0 true_hand vertices 0 to 777");
    expect(header).toContain("comment mesh 1 predicted vertices 778 to 1555");
    expect(header).toContain("element vertex 1556");
    const faces = 2 * (model.faces.length / 3);
    expect(header).toContain(`element face ${faces}`);
    expect(bytes.length).toBe(end + 16 * 1556 + 13 * faces);
    const view = new DataView(bytes.buffer);
    for (const [v, mesh] of [
      [0, truth],
      [777, truth],
      [778, predicted],
      [1555, predicted],
    ] as const) {
      const local = v % 778;
      const at = end + 16 * v;
      for (let k = 0; k < 3; k++)
        expect(view.getFloat32(at + 4 * k, true)).toBe(Math.fround(mesh.vertices[3 * local + k]));
      const colour = mesh.colours?.subarray(3 * local, 3 * local + 3) ?? [255, 255, 255];
      expect(Array.from(bytes.subarray(at + 12, at + 16))).toEqual([...colour, v < 778 ? 0 : 1]);
    }
    const last = bytes.length - 13;
    const corners = [1, 5, 9].map((k) => view.getUint32(last + k, true));
    expect(bytes[last]).toBe(3);
    expect(corners).toEqual(Array.from(predicted.faces.slice(-3), (vertex) => vertex + 778));
  });
});

interface Gltf {
  readonly asset: { readonly version: string };
  readonly scenes: readonly { readonly nodes: readonly number[] }[];
  readonly nodes: readonly { name: string; mesh?: number; rotation?: number[]; children?: number[] }[];
  readonly meshes: readonly {
    readonly primitives: readonly { attributes: { POSITION: number; COLOR_0?: number }; indices: number }[];
  }[];
  readonly accessors: readonly {
    bufferView: number;
    componentType: number;
    count: number;
    type: string;
    min?: number[];
    max?: number[];
  }[];
  readonly bufferViews: readonly { byteOffset: number; byteLength: number }[];
  readonly buffers: readonly { byteLength: number }[];
}

describe("GLB", () => {
  /** Reads the container by its rules, and throws where one is broken. */
  function read(bytes: Uint8Array): { gltf: Gltf; data: ArrayBuffer } {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (at: number) => view.getUint32(at, true);
    expect([word(0), word(4), word(8)]).toEqual([0x46546c67, 2, bytes.length]);
    const textLength = word(12);
    expect(word(16)).toBe(0x4e4f534a);
    expect(textLength % 4).toBe(0);
    const dataAt = 20 + textLength;
    expect(word(dataAt + 4)).toBe(0x004e4942);
    expect(word(dataAt) % 4).toBe(0);
    expect(dataAt + 8 + word(dataAt)).toBe(bytes.length);
    const gltf = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(20, dataAt))) as Gltf;
    expect(gltf.buffers).toEqual([{ byteLength: word(dataAt) }]);
    return { gltf, data: bytes.slice(dataAt + 8).buffer as ArrayBuffer };
  }

  function values({ gltf, data }: ReturnType<typeof read>, accessor: number): Float32Array | Uint32Array {
    const { bufferView, componentType, count, type } = gltf.accessors[accessor];
    const { byteOffset, byteLength } = gltf.bufferViews[bufferView];
    expect(byteOffset % 4).toBe(0);
    expect(byteLength).toBe(4 * count * (type === "VEC3" ? 3 : 1));
    expect(byteOffset + byteLength).toBeLessThanOrEqual(data.byteLength);
    const part = data.slice(byteOffset, byteOffset + byteLength);
    return componentType === 5126 ? new Float32Array(part) : new Uint32Array(part);
  }

  it("has aligned chunks, and a node for each hand below one that turns the axes", () => {
    const { gltf } = read(writeGlb(both));
    expect(gltf.asset.version).toBe("2.0");
    const root = gltf.nodes[gltf.scenes[0].nodes[0]];
    // x, y, z, w: half a turn about x.
    expect(root.rotation).toEqual([1, 0, 0, 0]);
    expect(root.children?.map((child) => gltf.nodes[child].name)).toEqual(["true hand", "predicted"]);
    expect(gltf.bufferViews.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(gltf.buffers[0].byteLength);
  });

  it("holds the vertices as they were, their box, faces and colours in linear light", () => {
    const file = read(writeGlb(both));
    both.forEach((mesh, i) => {
      const { attributes, indices } = file.gltf.meshes[i].primitives[0];
      const points = values(file, attributes.POSITION);
      expect(points).toEqual(Float32Array.from(mesh.vertices));
      const { min, max, count } = file.gltf.accessors[attributes.POSITION];
      expect(count).toBe(778);
      const axis = (k: number) => Array.from(points).filter((_, at) => at % 3 === k);
      expect(min).toEqual([0, 1, 2].map((k) => Math.min(...axis(k))));
      expect(max).toEqual([0, 1, 2].map((k) => Math.max(...axis(k))));
      expect(values(file, indices)).toEqual(Uint32Array.from(mesh.faces));
      expect(attributes.COLOR_0 === undefined).toBe(mesh.colours === undefined);
    });
    const coloured = { ...predicted, colours: predicted.colours!.map((_, i) => [0, 255, 188][i % 3]) };
    const again = read(writeGlb([coloured]));
    const [black, white, middle] = values(again, again.gltf.meshes[0].primitives[0].attributes.COLOR_0!);
    expect([black, white]).toEqual([0, 1]);
    expect(middle).toBeCloseTo(0.503, 3);
  });

  it("fills the text up whatever its length", () => {
    for (const name of ["a", "ab", "abc", "abcd", "\u00e9"]) {
      expect(read(writeGlb([{ ...truth, name }])).gltf.nodes[0].name).toBe(name);
    }
  });
});

describe.each(Object.entries(writers))("%s refuses", (file, write) => {
  it.each([
    ["no mesh", [], "there is no mesh to write"],
    ["a nameless mesh", [{ ...truth, name: " " }], "has an empty name"],
    ["half a vertex", [{ ...truth, vertices: truth.vertices.slice(1) }], "2333 coordinates, expected three"],
    ["no face", [{ ...truth, faces: new Uint32Array() }], "has 0 corners"],
    ["a face without its vertex", [{ ...truth, faces: Uint32Array.of(0, 1, 778) }], "vertex 778, expected 0 to 777"],
    [
      "a lost vertex",
      [{ ...truth, vertices: truth.vertices.map((x, i) => (i === 9 ? Number.NaN : x)) }],
      "vertex 3 at NaN",
    ],
    ["too few colours", [{ ...predicted, colours: new Uint8Array(3) }], "1 colours for 778 vertices"],
  ] as const)("%s", (_, meshes, message) => {
    expect(() => write(meshes)).toThrow(message);
    expect(() => write(meshes)).toThrow(`${file}: `);
  });
});
