/** Hands as the viewer takes them, and the triangles that its back ends draw. Pure. */
import { meshEdges } from "../../data/hand/asset";
import type { Camera, ViewName } from "./camera";
import { towardsViewer } from "./camera";
import { heatColour, niceCeiling } from "./palette";

/** One hand: its joints, and its mesh where there is one. Metres, OpenCV axes. */
export interface ViewerHand {
  /** "true", "predicted", "coarse": names it in labels and keys. */
  readonly name: string;
  readonly joints: Float32Array; // [21, 3]
  readonly vertices?: Float32Array; // [V, 3]
  readonly faces?: Uint32Array; // [F, 3], counter-clockwise seen from outside
  /** Error of each vertex in metres, for the heat map. */
  readonly errors?: Float32Array; // [V]
  /** Where the origin of joints and vertices lies in the sample's camera; without it the camera view leaves the hand out. */
  readonly origin?: readonly [number, number, number];
  /** Custom property with the colour of mesh and bones. */
  readonly colour: string;
  /** Bones in the colours of the fingers instead. */
  readonly isByFinger?: boolean;
  /** Thin dashed bones, as the truth is drawn everywhere, and a ghost of a mesh beside other meshes. */
  readonly isTruth?: boolean;
}

/** What is to be seen of the hands, chosen by the person. */
export interface Shows {
  readonly mesh: boolean;
  readonly bones: boolean;
  readonly wires: boolean;
  /** Colours by error where a hand has errors. */
  readonly heat: boolean;
  /** Of the meshes, 0 to 1. */
  readonly opacity: number;
}

/** All meshes in one piece: what a back end draws. */
export interface MeshScene {
  readonly positions: Float32Array<ArrayBuffer>; // [V, 3]
  readonly normals: Float32Array<ArrayBuffer>; // [V, 3], unit
  readonly colours: Uint8Array<ArrayBuffer>; // [V, 4]
  readonly faces: Uint32Array<ArrayBuffer>; // [F, 3]
  /** The first faces are solid, those from here on ghosts. */
  readonly solidFaces: number;
  readonly edges: Uint32Array<ArrayBuffer>; // [E, 2]
}

/** Alpha of a ghost, and how much deeper it counts than it is, metres: where it all but touches, the other mesh shows. */
const GHOST_ALPHA = 90;
const GHOST_DEPTH = 0.002;

/** Points [N, 3] of a hand where the view wants them: in the sample's camera or round the hand's own origin. */
export function placed(hand: ViewerHand, points: Float32Array, view: ViewName): Float32Array {
  const { origin } = hand;
  if (view !== "camera" || origin === undefined) return points;
  return points.map((value, i) => value + origin[i % 3]);
}

/** Unit normals [V, 3]: those of the faces round a vertex, weighted by area. Zero where a vertex has no face. */
export function vertexNormals(vertices: ArrayLike<number>, faces: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const out = new Float32Array(vertices.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
    const u = [0, 1, 2].map((k) => vertices[b + k] - vertices[a + k]);
    const v = [0, 1, 2].map((k) => vertices[c + k] - vertices[a + k]);
    const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) out[corner + k] += normal[k];
  }
  for (let i = 0; i < out.length; i += 3) {
    const length = Math.hypot(out[i], out[i + 1], out[i + 2]);
    if (length > 0) for (let k = 0; k < 3; k++) out[i + k] /= length;
  }
  return out;
}

/** Largest error of the legend in metres: the 98th percentile of all errors, up to a round number of millimetres. */
export function heatLimit(hands: readonly ViewerHand[]): number {
  const all = hands.flatMap(({ errors }) => (errors === undefined ? [] : Array.from(errors))).filter(Number.isFinite);
  if (all.length === 0) return 0.001;
  all.sort((a, b) => a - b);
  // A few vertices that are far out would leave the rest in one colour.
  return niceCeiling(1000 * all[Math.min(all.length - 1, Math.floor(0.98 * all.length))]) / 1000;
}

/** The meshes of the hands that have one, solid ones first. `rgbOf` gives a custom property's colour in 0..255. */
export function buildScene(
  hands: readonly ViewerHand[],
  view: ViewName,
  isHeat: boolean,
  limit: number,
  rgbOf: (property: string) => readonly [number, number, number],
): MeshScene {
  const all = hands.filter((hand) => hand.vertices !== undefined && hand.faces !== undefined);
  const isGhost = (hand: ViewerHand): boolean => hand.isTruth === true && all.some((each) => each.isTruth !== true);
  const meshes = [...all.filter((hand) => !isGhost(hand)), ...all.filter(isGhost)];
  const vertexCount = meshes.reduce((sum, { vertices }) => sum + vertices!.length / 3, 0);
  const positions = new Float32Array(3 * vertexCount);
  const normals = new Float32Array(3 * vertexCount);
  const colours = new Uint8Array(4 * vertexCount);
  const faces = new Uint32Array(meshes.reduce((sum, hand) => sum + hand.faces!.length, 0));
  let [vertexAt, faceAt, solidFaces] = [0, 0, 0];
  for (const hand of meshes) {
    const vertices = placed(hand, hand.vertices!, view);
    positions.set(vertices, 3 * vertexAt);
    normals.set(vertexNormals(vertices, hand.faces!), 3 * vertexAt);
    const plain = rgbOf(hand.colour);
    for (let v = 0; v < vertices.length / 3; v++) {
      const rgb = isHeat && hand.errors !== undefined ? heatColour(hand.errors[v] / limit) : plain;
      colours.set([...rgb, isGhost(hand) ? GHOST_ALPHA : 255], 4 * (vertexAt + v));
    }
    for (let i = 0; i < hand.faces!.length; i++) faces[faceAt + i] = hand.faces![i] + vertexAt;
    vertexAt += vertices.length / 3;
    faceAt += hand.faces!.length;
    if (!isGhost(hand)) solidFaces = faceAt / 3;
  }
  return { positions, normals, colours, faces, solidFaces, edges: Uint32Array.from(meshEdges(faces)) };
}

/**
 * Faces [F - first, 3] from number `first` on, far ones first, as blending and painting need them. Sorted by the mean depth of their corners along the
 * camera's axis, in buckets: thousands of faces are sorted anew for every frame.
 */
export function farToNear(scene: MeshScene, { rotation }: Camera, first = 0): Uint32Array<ArrayBuffer> {
  const { positions, faces, solidFaces } = scene;
  const count = faces.length / 3 - first;
  const depths = new Float32Array(count);
  const [a, b, c] = [rotation[6], rotation[7], rotation[8]];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let f = 0; f < count; f++) {
    let sum = first + f < solidFaces ? 0 : 3 * GHOST_DEPTH;
    for (let k = 0; k < 3; k++) {
      const at = 3 * faces[3 * (first + f) + k];
      sum += a * positions[at] + b * positions[at + 1] + c * positions[at + 2];
    }
    depths[f] = sum;
    if (sum < low) low = sum;
    if (sum > high) high = sum;
  }
  const scale = high > low ? (BUCKETS - 1) / (high - low) : 0;
  const bucketOf = (f: number): number => BUCKETS - 1 - Math.floor((depths[f] - low) * scale);
  const starts = new Uint32Array(BUCKETS + 1);
  for (let f = 0; f < count; f++) starts[bucketOf(f) + 1]++;
  for (let i = 0; i < BUCKETS; i++) starts[i + 1] += starts[i];
  const out = new Uint32Array(3 * count);
  for (let f = 0; f < count; f++) {
    const at = 3 * starts[bucketOf(f)]++;
    for (let k = 0; k < 3; k++) out[at + k] = faces[3 * (first + f) + k];
  }
  return out;
}

const BUCKETS = 16384;

/** Towards the light [3], unit: from the viewer's upper left. */
export function lightOf(camera: Camera): [number, number, number] {
  const eye = towardsViewer(camera);
  const { rotation: r } = camera;
  // Rows 0 and 1 of the rotation are the screen's right and down.
  const mixed = eye.map((value, k) => value - 0.45 * r[k] - 0.55 * r[3 + k]);
  const length = Math.hypot(...mixed);
  return [mixed[0] / length, mixed[1] / length, mixed[2] / length];
}

/** Share of its colour that a surface shows: bright enough everywhere that a legend can be compared with it. */
export function shadeOf(normalDotLight: number, isHeat: boolean): number {
  const ambient = isHeat ? AMBIENT_HEAT : AMBIENT;
  return ambient + (1 - ambient) * Math.max(0, normalDotLight);
}

/** Light that reaches a surface from everywhere, of 1 in all. */
export const AMBIENT = 0.42;
export const AMBIENT_HEAT = 0.72;

/** What a person would be told who cannot see the canvas. */
export function describeView(
  label: string,
  view: ViewName,
  viewpoint: { readonly turn: number; readonly tilt: number },
  hands: readonly ViewerHand[],
  shows: Shows,
  limit: number,
): string {
  const degrees = (radians: number): number => Math.round((((radians * 180) / Math.PI + 180) % 360) - 180);
  const from = {
    orbit: `turned ${degrees(viewpoint.turn)} degrees and tilted ${degrees(viewpoint.tilt)}`,
    camera: "seen from the sample's camera over its picture",
    top: "seen from the top",
    side: "seen from the side",
  }[view];
  const each = hands.map((hand) => {
    const hasMesh = shows.mesh && hand.vertices !== undefined && hand.faces !== undefined;
    const parts = [hasMesh && (shows.wires ? "wireframe" : "mesh"), shows.bones && "skeleton"].filter(Boolean);
    const errors = hasMesh && shows.heat ? hand.errors : undefined;
    const mean = errors === undefined ? 0 : errors.reduce((sum, e) => sum + e, 0) / Math.max(1, errors.length);
    const heat =
      errors === undefined
        ? ""
        : `, coloured by error from 0 to ${round(1000 * limit)} mm, mean ${round(1000 * mean)} mm over ${errors.length} vertices`;
    return `${hand.name} hand as ${parts.length === 0 ? "nothing" : parts.join(" and ")}${heat}`;
  });
  return `${label}, ${from}: ${each.length === 0 ? "no hand" : each.join("; ")}.`;
}

const round = (value: number): number => Math.round(10 * value) / 10;
