/** A forearm that continues a hand mesh at its open wrist, so that rendered hands are not cut off. */
import { matrixFromAxisAngle, type Numbers, normalized, rotate } from "../hand/rotations";
import type { HandModel } from "../types";

const RINGS = 13;

/** What does not move: the open rim of the wrist and the faces of the tube. */
export interface ForearmRig {
  /** Vertices of the rim in order. */
  readonly rim: readonly number[];
  readonly faces: Uint32Array; // [F * 3] into the tube's own vertices, ring by ring
  /** Out of the hand along the arm, template frame. */
  readonly axis: Float64Array; // [3]
}

/** The longest loop of edges that only one face has; empty for a closed mesh. */
function openRim(faces: Numbers): number[] {
  const next = new Map<number, number>();
  const edges = new Set<string>();
  for (let i = 0; i < faces.length; i++) edges.add(`${faces[i]} ${faces[i % 3 === 2 ? i - 2 : i + 1]}`);
  for (let i = 0; i < faces.length; i++) {
    const [a, b] = [faces[i], faces[i % 3 === 2 ? i - 2 : i + 1]];
    if (!edges.has(`${b} ${a}`)) next.set(a, b);
  }
  let longest: number[] = [];
  const seen = new Set<number>();
  for (const start of next.keys()) {
    const loop: number[] = [];
    for (let v: number | undefined = start; v !== undefined && !seen.has(v); v = next.get(v)) {
      seen.add(v);
      loop.push(v);
    }
    if (loop.length > longest.length) longest = loop;
  }
  return longest;
}

/** Prepares a forearm for a hand model; undefined when the mesh is closed at the wrist. */
export function forearmRig(model: HandModel): ForearmRig | undefined {
  const rim = openRim(model.faces);
  const n = rim.length;
  if (n < 6) return undefined;
  const centre = centreOf(model.vTemplate, rim);
  const middle = new Float64Array(3);
  for (let v = 0; v < model.vertexCount; v++) {
    for (let c = 0; c < 3; c++) middle[c] += model.vTemplate[3 * v + c] / model.vertexCount;
  }
  const faces: number[] = [];
  for (let ring = 1; ring < RINGS; ring++) {
    for (let s = 0; s < n; s++) {
      const [a, b] = [(ring - 1) * n + s, (ring - 1) * n + ((s + 1) % n)];
      faces.push(a, a + n, b, b, a + n, b + n);
    }
  }
  return { rim, faces: Uint32Array.from(faces), axis: normalized(centre.map((value, c) => value - middle[c])) };
}

function centreOf(vertices: Numbers, rim: readonly number[]): Float64Array {
  const centre = new Float64Array(3);
  for (const v of rim) for (let c = 0; c < 3; c++) centre[c] += vertices[3 * v + c] / rim.length;
  return centre;
}

/**
 * Tube of rings that leaves the rim of `vertices` along `axis` and turns by `bend` (axis-angle [3], same frame), `length`
 * metres long and a third wider at its end. Works on posed and on template vertices alike. [rings * rim * 3]
 */
export function forearmVertices(
  rig: ForearmRig,
  vertices: Numbers,
  axis: Numbers,
  bend: Numbers,
  length: number,
): Float64Array {
  const n = rig.rim.length;
  const out = new Float64Array(RINGS * n * 3);
  const origin = centreOf(vertices, rig.rim);
  const centre = Float64Array.from(origin);
  for (let ring = 0; ring < RINGS; ring++) {
    const t = ring / (RINGS - 1);
    // The wrist bends within the first quarter of the way.
    const part = Math.min(1, 4 * t);
    const turn = matrixFromAxisAngle([bend[0] * part, bend[1] * part, bend[2] * part]);
    const along = rotate(turn, axis);
    if (ring > 0) for (let c = 0; c < 3; c++) centre[c] += (along[c] * length) / (RINGS - 1);
    const wide = 1 + 0.55 * t * (1.6 - t);
    for (let s = 0; s < n; s++) {
      const v = 3 * rig.rim[s];
      const offset = [vertices[v] - origin[0], vertices[v + 1] - origin[1], vertices[v + 2] - origin[2]];
      const lift = offset[0] * axis[0] + offset[1] * axis[1] + offset[2] * axis[2];
      // The rim is not flat: flatten it on the way.
      const flat = rotate(
        turn,
        offset.map((value, c) => value - Math.min(1, 4 * t) * lift * axis[c]),
      );
      for (let c = 0; c < 3; c++) out[3 * (ring * n + s) + c] = centre[c] + wide * flat[c];
    }
  }
  return out;
}
