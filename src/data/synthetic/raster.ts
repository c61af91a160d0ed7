/**
 * Software rasteriser: z-buffered triangles through a pinhole camera, perspective-correct. OpenCV camera frame, metres;
 * pixel (column, row) is sampled at exactly x = column, y = row of the projection x = fx X / Z + cx. Knows no lights and
 * no colours: it says which triangle each pixel sees, where on it, and how far away.
 */

/** fx, fy, cx, cy in pixels. */
export type PinholeCamera = readonly [number, number, number, number];

/** What each pixel sees; several meshes may be drawn into one target. */
export interface RasterTarget {
  readonly width: number;
  readonly height: number;
  readonly depth: Float32Array; // [height, width] metres along z, 0 = nothing seen
  readonly triangle: Int32Array; // [height, width] face number plus the mesh's firstTriangle, -1 = nothing seen
  readonly barycentric: Float32Array; // [height, width, 2] perspective-correct weights of the face's corners 0 and 1
}

/** Points nearer than this are not drawn but refused. */
const NEAREST = 0.01;
/** A pixel centre on a shared edge belongs to both triangles, so that rounding leaves no gap; pixels squared. */
const EDGE_TOLERANCE = 1e-6;

/** An empty target. */
export function createRasterTarget(width: number, height: number): RasterTarget {
  return clearRasterTarget({
    width,
    height,
    depth: new Float32Array(width * height),
    triangle: new Int32Array(width * height),
    barycentric: new Float32Array(width * height * 2),
  });
}

/** Empties a target for the next frame. */
export function clearRasterTarget(target: RasterTarget): RasterTarget {
  target.depth.fill(0);
  target.triangle.fill(-1);
  target.barycentric.fill(0);
  return target;
}

/** Camera-frame vertices [V * 3] to x, y in pixels and 1 / Z, [V * 3]. Throws when a vertex is not in front of the camera. */
export function projectVertices(vertices: ArrayLike<number>, camera: PinholeCamera): Float64Array {
  const [fx, fy, cx, cy] = camera;
  const out = new Float64Array(vertices.length);
  for (let i = 0; i < vertices.length; i += 3) {
    const z = vertices[i + 2];
    if (!(z >= NEAREST)) {
      throw new RangeError(
        `rasterize: vertex ${i / 3} lies at z = ${z} m, expected at least ${NEAREST} m in front of the camera`,
      );
    }
    out[i] = (fx * vertices[i]) / z + cx;
    out[i + 1] = (fy * vertices[i + 1]) / z + cy;
    out[i + 2] = 1 / z;
  }
  return out;
}

/**
 * Draws a mesh (vertices [V * 3] metres, camera frame; faces [F * 3]) into the target; nearer pixels win, both sides of a
 * triangle are drawn. Triangle numbers start at `firstTriangle`. Throws when a vertex is nearer than 1 cm.
 */
export function rasterize(
  target: RasterTarget,
  vertices: ArrayLike<number>,
  faces: ArrayLike<number>,
  camera: PinholeCamera,
  firstTriangle = 0,
): void {
  const points = projectVertices(vertices, camera);
  for (let f = 0; 3 * f < faces.length; f++) {
    drawTriangle(target, points, 3 * faces[3 * f], 3 * faces[3 * f + 1], 3 * faces[3 * f + 2], firstTriangle + f);
  }
}

function drawTriangle(t: RasterTarget, p: Float64Array, a: number, b: number, c: number, id: number): void {
  const [ax, ay, bx, by, cx, cy] = [p[a], p[a + 1], p[b], p[b + 1], p[c], p[c + 1]];
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (area === 0) return; // seen edge-on
  const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx)));
  const right = Math.min(t.width - 1, Math.floor(Math.max(ax, bx, cx)));
  const top = Math.max(0, Math.ceil(Math.min(ay, by, cy)));
  const bottom = Math.min(t.height - 1, Math.floor(Math.max(ay, by, cy)));
  const side = area > 0 ? 1 : -1;
  const wa = p[a + 2] / area;
  const wb = p[b + 2] / area;
  const wc = p[c + 2] / area;
  for (let y = top; y <= bottom; y++) {
    const row = y * t.width;
    for (let x = left; x <= right; x++) {
      const ea = (bx - x) * (cy - y) - (by - y) * (cx - x);
      if (ea * side < -EDGE_TOLERANCE) continue;
      const eb = (cx - x) * (ay - y) - (cy - y) * (ax - x);
      if (eb * side < -EDGE_TOLERANCE) continue;
      const ec = (ax - x) * (by - y) - (ay - y) * (bx - x);
      if (ec * side < -EDGE_TOLERANCE) continue;
      const depth = 1 / (ea * wa + eb * wb + ec * wc);
      const at = row + x;
      if (t.depth[at] !== 0 && !(depth < t.depth[at])) continue;
      t.depth[at] = depth;
      t.triangle[at] = id;
      t.barycentric[2 * at] = ea * wa * depth;
      t.barycentric[2 * at + 1] = eb * wb * depth;
    }
  }
}

/**
 * Vertex attribute [V * channels] at every pixel whose triangle belongs to `faces` (numbered from `firstTriangle`),
 * perspective-correct, written into `out` [height * width * channels]; other pixels are left as they are.
 */
export function interpolate(
  target: RasterTarget,
  faces: ArrayLike<number>,
  attribute: ArrayLike<number>,
  channels: number,
  out: Float32Array,
  firstTriangle = 0,
): Float32Array {
  const count = faces.length / 3;
  for (let at = 0; at < target.triangle.length; at++) {
    const f = target.triangle[at] - firstTriangle;
    if (target.triangle[at] < 0 || f < 0 || f >= count) continue;
    const u = target.barycentric[2 * at];
    const v = target.barycentric[2 * at + 1];
    const a = faces[3 * f] * channels;
    const b = faces[3 * f + 1] * channels;
    const c = faces[3 * f + 2] * channels;
    for (let i = 0; i < channels; i++) {
      out[at * channels + i] = u * attribute[a + i] + v * attribute[b + i] + (1 - u - v) * attribute[c + i];
    }
  }
  return out;
}

/** Area-weighted unit normals of a mesh, [V * 3]; counter-clockwise faces point outward in a right-handed frame. A vertex without faces gets zero. */
export function vertexNormals(vertices: ArrayLike<number>, faces: ArrayLike<number>): Float64Array {
  const out = new Float64Array(vertices.length);
  for (let i = 0; i < faces.length; i += 3) {
    const [a, b, c] = [3 * faces[i], 3 * faces[i + 1], 3 * faces[i + 2]];
    const ux = vertices[b] - vertices[a];
    const uy = vertices[b + 1] - vertices[a + 1];
    const uz = vertices[b + 2] - vertices[a + 2];
    const vx = vertices[c] - vertices[a];
    const vy = vertices[c + 1] - vertices[a + 1];
    const vz = vertices[c + 2] - vertices[a + 2];
    for (const at of [a, b, c]) {
      out[at] += uy * vz - uz * vy;
      out[at + 1] += uz * vx - ux * vz;
      out[at + 2] += ux * vy - uy * vx;
    }
  }
  for (let i = 0; i < out.length; i += 3) {
    const length = Math.sqrt(out[i] * out[i] + out[i + 1] * out[i + 1] + out[i + 2] * out[i + 2]);
    if (length === 0) continue;
    for (let c = 0; c < 3; c++) out[i + c] /= length;
  }
  return out;
}
