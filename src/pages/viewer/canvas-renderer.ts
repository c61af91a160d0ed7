import { projectPoints } from "./camera";
import { fitPixels, type MeshFrame, type MeshRenderer } from "./mesh-renderer";
import { farToNear, lightOf, type MeshScene, shadeOf } from "./scene";

/** Meshes by painter's algorithm in 2D, for browsers without WebGPU: faces far to near, one flat colour each. */
export class CanvasMeshRenderer implements MeshRenderer {
  readonly kind = "Canvas 2D";
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private readonly styles = new Map<number, string>();
  private scene: MeshScene | undefined;

  constructor() {
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("the hand viewer: this browser gives no 2D canvas");
    this.context = context;
  }

  setScene(scene: MeshScene | undefined): void {
    this.scene = scene;
  }

  draw(frame: MeshFrame): void {
    fitPixels(this.canvas, frame);
    const { context, scene } = this;
    context.setTransform(frame.ratio, 0, 0, frame.ratio, 0, 0);
    context.clearRect(0, 0, frame.width, frame.height);
    if (scene === undefined) return;
    const points = projectPoints(frame.camera, scene.positions);
    const faces = farToNear(scene, frame.camera);
    if (frame.isWires) this.drawWires(scene, points, faces);
    else this.drawFaces(scene, points, faces, frame);
  }

  async finished(): Promise<void> {
    // Reading a pixel waits for all that was drawn.
    this.context.getImageData(0, 0, 1, 1);
  }

  dispose(): void {
    this.canvas.remove();
  }

  private drawFaces(scene: MeshScene, points: Float64Array, faces: Uint32Array, frame: MeshFrame): void {
    const { context } = this;
    const light = lightOf(frame.camera);
    for (let f = 0; f < faces.length; f += 3) {
      const alpha = (frame.opacity * scene.colours[4 * faces[f] + 3]) / 255;
      const isFront = areaOf(points, faces, f) < 0;
      // Seen through its front, the inside would show every face twice.
      if (!isFront && alpha < 1) continue;
      const normal = meanOf(scene.normals, 3, faces, f);
      const length = Math.hypot(normal[0], normal[1], normal[2]) * (isFront ? 1 : -1) || 1;
      const facing = (normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]) / length;
      const shade = shadeOf(facing, frame.isHeat);
      const [r, g, b] = meanOf(scene.colours, 4, faces, f);
      context.globalAlpha = alpha;
      context.fillStyle = this.style(shade * r, shade * g, shade * b);
      context.beginPath();
      // Solid faces overlap a little, or smoothed edges would leave hairs of background between them.
      trace(context, points, faces, f, alpha < 1 ? 0 : 0.4);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /** A colour in steps of 4: parsing thousands of new ones in every frame takes longer than filling. */
  private style(r: number, g: number, b: number): string {
    const key = ((r >> 2) << 12) | ((g >> 2) << 6) | (b >> 2);
    let style = this.styles.get(key);
    if (style === undefined) {
      style = `#${[r, g, b].map((value) => ((value >> 2) << 2).toString(16).padStart(2, "0")).join("")}`;
      this.styles.set(key, style);
    }
    return style;
  }

  /** Faces that look away are left out, as the other back end hides them. */
  private drawWires(scene: MeshScene, points: Float64Array, faces: Uint32Array): void {
    const { context } = this;
    context.lineWidth = 0.8;
    for (let f = 0; f < faces.length; f += 3) {
      if (areaOf(points, faces, f) >= 0) continue;
      const [r, g, b] = meanOf(scene.colours, 4, faces, f);
      context.strokeStyle = this.style(r, g, b);
      context.beginPath();
      trace(context, points, faces, f, 0);
      context.stroke();
    }
  }
}

/** The outline of a face, its corners moved away from its middle by `swell` pixels. */
function trace(
  context: CanvasRenderingContext2D,
  points: Float64Array,
  faces: Uint32Array,
  f: number,
  swell: number,
): void {
  const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
  const x = (points[a] + points[b] + points[c]) / 3;
  const y = (points[a + 1] + points[b + 1] + points[c + 1]) / 3;
  for (const corner of [a, b, c]) {
    const [dx, dy] = [points[corner] - x, points[corner + 1] - y];
    const by = 1 + swell / Math.max(1, Math.hypot(dx, dy));
    if (corner === a) context.moveTo(x + by * dx, y + by * dy);
    else context.lineTo(x + by * dx, y + by * dy);
  }
  context.closePath();
}

/** Twice the signed area on the screen, whose y points down: negative where a face looks at the viewer. */
function areaOf(points: Float64Array, faces: Uint32Array, f: number): number {
  const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
  return (
    (points[b] - points[a]) * (points[c + 1] - points[a + 1]) -
    (points[c] - points[a]) * (points[b + 1] - points[a + 1])
  );
}

function meanOf(values: ArrayLike<number>, width: 3 | 4, faces: Uint32Array, f: number): [number, number, number] {
  const out: [number, number, number] = [0, 0, 0];
  for (let corner = 0; corner < 3; corner++) {
    for (let k = 0; k < 3; k++) out[k] += values[width * faces[f + corner] + k] / 3;
  }
  return out;
}
