import { projectPoints } from "./camera";
import { fitPixels, type MeshFrame, type MeshRenderer } from "./mesh-renderer";
import { farToNear, lightOf, type MeshScene, shadeOf } from "./scene";

/** Meshes by painter's algorithm in 2D, for browsers without WebGPU: faces far to near, one flat colour each. */
export class CanvasMeshRenderer implements MeshRenderer {
  readonly kind = "Canvas 2D";
  readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
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
    context.lineJoin = "round";
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
    context.lineWidth = 0.6;
    for (let f = 0; f < faces.length; f += 3) {
      const alpha = (frame.opacity * scene.colours[4 * faces[f] + 3]) / 255;
      const isOpaque = alpha >= 1;
      const isFront = areaOf(points, faces, f) < 0;
      // Seen through its front, the inside would show every face twice.
      if (!isFront && !isOpaque) continue;
      const normal = meanOf(scene.normals, 3, faces, f);
      const length = Math.hypot(normal[0], normal[1], normal[2]) * (isFront ? 1 : -1) || 1;
      const facing = (normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]) / length;
      const shade = shadeOf(facing, frame.isHeat);
      const [r, g, b] = meanOf(scene.colours, 4, faces, f);
      context.globalAlpha = alpha;
      context.fillStyle = `rgb(${shade * r} ${shade * g} ${shade * b})`;
      context.beginPath();
      trace(context, points, faces, f);
      context.fill();
      if (!isOpaque) continue;
      // Closes the hairs of background that smoothed edges leave between faces.
      context.strokeStyle = context.fillStyle;
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Faces that look away are left out, as the other back end hides them. */
  private drawWires(scene: MeshScene, points: Float64Array, faces: Uint32Array): void {
    const { context } = this;
    context.lineWidth = 0.8;
    for (let f = 0; f < faces.length; f += 3) {
      if (areaOf(points, faces, f) >= 0) continue;
      const [r, g, b] = meanOf(scene.colours, 4, faces, f);
      context.strokeStyle = `rgb(${r} ${g} ${b})`;
      context.beginPath();
      trace(context, points, faces, f);
      context.stroke();
    }
  }
}

function trace(context: CanvasRenderingContext2D, points: Float64Array, faces: Uint32Array, f: number): void {
  context.moveTo(points[3 * faces[f]], points[3 * faces[f] + 1]);
  context.lineTo(points[3 * faces[f + 1]], points[3 * faces[f + 1] + 1]);
  context.lineTo(points[3 * faces[f + 2]], points[3 * faces[f + 2] + 1]);
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
