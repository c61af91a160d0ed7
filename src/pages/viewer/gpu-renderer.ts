import { clipMatrix } from "./camera";
import { fitPixels, type MeshFrame, type MeshRenderer } from "./mesh-renderer";
import { AMBIENT, AMBIENT_HEAT, farToNear, lightOf, type MeshScene } from "./scene";
import code from "./viewer.wgsl?raw";

const SAMPLES = 4;
/** Position, normal, colour. */
const STRIDE = 28;
const DEPTH: GPUTextureFormat = "depth24plus";
const FRAME_BYTES = 96;
/** How much deeper blended faces count, in units of the depth buffer: about 2 mm where the hand is. */
const GHOST_BIAS = 12_000;
/** How far edges come towards the eye, of the depth that is shown. */
const EDGE_LIFT = 5e-4;

let shared: Promise<GPUDevice> | undefined;

/** The page's device, one for all viewers; asked for anew after it was lost. Throws a sentence when there is none. */
async function pageDevice(): Promise<GPUDevice> {
  shared ??= requestDevice();
  try {
    return await shared;
  } catch (error) {
    shared = undefined;
    throw error;
  }
}

async function requestDevice(): Promise<GPUDevice> {
  if (navigator.gpu === undefined) throw new Error("this browser has no WebGPU");
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "low-power" });
  if (adapter === null) throw new Error("this browser found no WebGPU adapter");
  const device = await adapter.requestDevice({ label: "hand viewer" });
  void device.lost.then(() => {
    shared = undefined;
  });
  return device;
}

const presenting = new WeakMap<GPUDevice, boolean>();

/** Whether a WebGPU canvas comes to the screen: where the compositor cannot share its textures, it stays empty without an error. */
function canPresent(device: GPUDevice, format: GPUTextureFormat): boolean {
  const known = presenting.get(device);
  if (known !== undefined) return known;
  const [source, copy] = [document.createElement("canvas"), document.createElement("canvas")];
  for (const canvas of [source, copy]) [canvas.width, canvas.height] = [4, 4];
  const context = source.getContext("webgpu");
  const reader = copy.getContext("2d");
  if (context === null || reader === null) return false;
  context.configure({ device, format, alphaMode: "premultiplied" });
  const encoder = device.createCommandEncoder({ label: "viewer canvas check" });
  const view = context.getCurrentTexture().createView();
  const clearValue = [0, 1, 0, 1];
  encoder.beginRenderPass({ colorAttachments: [{ view, clearValue, loadOp: "clear", storeOp: "store" }] }).end();
  device.queue.submit([encoder.finish()]);
  reader.drawImage(source, 0, 0);
  const isShown = reader.getImageData(1, 1, 1, 1).data[3] === 255;
  context.unconfigure();
  presenting.set(device, isShown);
  return isShown;
}

interface SceneBuffers {
  readonly scene: MeshScene;
  readonly vertices: GPUBuffer;
  readonly faces: GPUBuffer;
  readonly edges: GPUBuffer;
}

interface Pipelines {
  readonly opaque: GPURenderPipeline;
  readonly translucent: GPURenderPipeline;
  /** Faces that only hide what is behind them. */
  readonly hide: GPURenderPipeline;
  readonly edges: GPURenderPipeline;
}

/** Meshes on WebGPU: depth-tested, four samples per pixel; translucent faces are blended far to near, fronts only. */
export class GpuMeshRenderer implements MeshRenderer {
  readonly kind = "WebGPU";
  readonly canvas = document.createElement("canvas");
  private readonly context: GPUCanvasContext;
  private readonly frame: GPUBuffer;
  private readonly bindings: GPUBindGroup;
  private buffers: SceneBuffers | undefined;
  private targets: { readonly colour: GPUTexture; readonly depth: GPUTexture } | undefined;
  private isDisposed = false;

  private constructor(
    readonly device: GPUDevice,
    private readonly pipelines: Pipelines,
    layout: GPUBindGroupLayout,
    private readonly format: GPUTextureFormat,
    onLost: (reason: string) => void,
  ) {
    const context = this.canvas.getContext("webgpu");
    if (context === null) throw new Error("this browser gives no WebGPU canvas");
    this.context = context;
    context.configure({ device, format, alphaMode: "premultiplied" });
    this.frame = device.createBuffer({
      label: "viewer frame",
      size: FRAME_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.bindings = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: this.frame } }] });
    void device.lost.then(({ message }) => {
      if (!this.isDisposed) onLost(message);
    });
  }

  /**
   * A renderer on the page's device; `onLost` is called once when that device is lost. Throws a sentence when there is no
   * WebGPU, its canvas would stay empty (unless `isUnseen`: pixels are read back or only measured), or the shader is refused.
   */
  static async create(onLost: (reason: string) => void, isUnseen = false): Promise<GpuMeshRenderer> {
    const device = await pageDevice();
    const format = navigator.gpu.getPreferredCanvasFormat();
    if (!isUnseen && !canPresent(device, format)) throw new Error("this browser does not show what WebGPU draws");
    device.pushErrorScope("validation");
    const layout = device.createBindGroupLayout({
      label: "viewer",
      entries: [
        { binding: 0, visibility: GPUShaderStage.VERTEX | GPUShaderStage.FRAGMENT, buffer: { type: "uniform" } },
      ],
    });
    const pipelines = createPipelines(device, format, layout);
    const error = await device.popErrorScope();
    if (error !== null) throw new Error(`the shader of the hand viewer does not compile: ${error.message}`);
    return new GpuMeshRenderer(device, pipelines, layout, format, onLost);
  }

  setScene(scene: MeshScene | undefined): void {
    for (const buffer of [this.buffers?.vertices, this.buffers?.faces, this.buffers?.edges]) buffer?.destroy();
    this.buffers = undefined;
    if (scene === undefined || scene.faces.length === 0) return;
    const { device } = this;
    const create = (label: string, data: ArrayBufferView<ArrayBuffer>, usage: number): GPUBuffer => {
      const buffer = device.createBuffer({ label, size: data.byteLength, usage: usage | GPUBufferUsage.COPY_DST });
      device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    };
    this.buffers = {
      scene,
      vertices: create("viewer vertices", interleaved(scene), GPUBufferUsage.VERTEX),
      faces: create("viewer faces", scene.faces, GPUBufferUsage.INDEX),
      edges: create("viewer edges", scene.edges, GPUBufferUsage.INDEX),
    };
  }

  draw(frame: MeshFrame): void {
    fitPixels(this.canvas, frame);
    const encoder = this.device.createCommandEncoder({ label: "hand viewer" });
    this.encode(encoder, this.context.getCurrentTexture(), frame);
    this.device.queue.submit([encoder.finish()]);
  }

  /** What `draw` would show, read back: premultiplied RGBA, rows from the top, [height, width, 4] device pixels. */
  async pixels(frame: MeshFrame): Promise<Uint8ClampedArray> {
    const { device } = this;
    fitPixels(this.canvas, frame);
    const { width, height } = this.canvas;
    const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
    const texture = device.createTexture({ label: "viewer pixels", size: [width, height], format: this.format, usage });
    // Rows of a copy begin at multiples of 256 bytes.
    const bytesPerRow = 256 * Math.ceil((4 * width) / 256);
    const buffer = device.createBuffer({
      label: "viewer pixels",
      size: bytesPerRow * height,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    const encoder = device.createCommandEncoder({ label: "viewer pixels" });
    this.encode(encoder, texture, frame);
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    const rows = new Uint8Array(buffer.getMappedRange());
    const out = new Uint8ClampedArray(4 * width * height);
    for (let y = 0; y < height; y++)
      out.set(rows.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width), 4 * width * y);
    if (this.format.startsWith("bgra")) {
      for (let i = 0; i < out.length; i += 4) [out[i], out[i + 2]] = [out[i + 2], out[i]];
    }
    buffer.destroy();
    texture.destroy();
    return out;
  }

  async finished(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
  }

  dispose(): void {
    this.isDisposed = true;
    this.setScene(undefined);
    this.targets?.colour.destroy();
    this.targets?.depth.destroy();
    this.frame.destroy();
    this.context.unconfigure();
    this.canvas.remove();
  }

  private encode(encoder: GPUCommandEncoder, target: GPUTexture, frame: MeshFrame): void {
    const { device, buffers } = this;
    device.queue.writeBuffer(this.frame, 0, frameData(frame));
    const pass = encoder.beginRenderPass(this.passTo(target));
    if (buffers !== undefined) {
      const { scene } = buffers;
      const solid = frame.isWires ? scene.faces.length : frame.opacity < 1 ? 0 : 3 * scene.solidFaces;
      const blended = farToNear(scene, frame.camera, solid / 3);
      device.queue.writeBuffer(buffers.faces, 0, scene.faces, 0, solid);
      device.queue.writeBuffer(buffers.faces, 4 * solid, blended);
      const { opaque, translucent, hide, edges } = this.pipelines;
      pass.setBindGroup(0, this.bindings);
      pass.setVertexBuffer(0, buffers.vertices);
      pass.setIndexBuffer(buffers.faces, "uint32");
      pass.setPipeline(frame.isWires ? hide : opaque);
      if (solid > 0) pass.drawIndexed(solid);
      pass.setPipeline(translucent);
      if (blended.length > 0) pass.drawIndexed(blended.length, 1, solid);
      if (frame.isWires) {
        pass.setIndexBuffer(buffers.edges, "uint32");
        pass.setPipeline(edges);
        pass.drawIndexed(scene.edges.length);
      }
    }
    pass.end();
  }

  private passTo(texture: GPUTexture): GPURenderPassDescriptor {
    const { width, height } = texture;
    if (this.targets?.colour.width !== width || this.targets.colour.height !== height) {
      this.targets?.colour.destroy();
      this.targets?.depth.destroy();
      const create = (label: string, format: GPUTextureFormat): GPUTexture =>
        this.device.createTexture({
          label,
          size: [width, height],
          format,
          sampleCount: SAMPLES,
          usage: GPUTextureUsage.RENDER_ATTACHMENT,
        });
      this.targets = { colour: create("viewer colour", this.format), depth: create("viewer depth", DEPTH) };
    }
    return {
      colorAttachments: [
        {
          view: this.targets.colour.createView(),
          resolveTarget: texture.createView(),
          clearValue: [0, 0, 0, 0],
          loadOp: "clear",
          storeOp: "discard",
        },
      ],
      depthStencilAttachment: {
        view: this.targets.depth.createView(),
        depthClearValue: 1,
        depthLoadOp: "clear",
        depthStoreOp: "discard",
      },
    };
  }
}

function frameData(frame: MeshFrame): Float32Array<ArrayBuffer> {
  const data = new Float32Array(FRAME_BYTES / 4);
  data.set(clipMatrix(frame.camera, frame.width, frame.height));
  data.set([...lightOf(frame.camera), frame.isHeat ? AMBIENT_HEAT : AMBIENT], 16);
  data.set([frame.opacity, EDGE_LIFT], 20);
  return data;
}

function interleaved({ positions, normals, colours }: MeshScene): Uint8Array<ArrayBuffer> {
  const count = positions.length / 3;
  const floats = new Float32Array((STRIDE / 4) * count);
  const bytes = new Uint8Array(floats.buffer);
  for (let v = 0; v < count; v++) {
    floats.set(positions.subarray(3 * v, 3 * v + 3), 7 * v);
    floats.set(normals.subarray(3 * v, 3 * v + 3), 7 * v + 3);
    bytes.set(colours.subarray(4 * v, 4 * v + 4), STRIDE * v + 24);
  }
  return bytes;
}

function createPipelines(device: GPUDevice, format: GPUTextureFormat, layout: GPUBindGroupLayout): Pipelines {
  const module = device.createShaderModule({ label: "viewer", code });
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const over: GPUBlendComponent = { srcFactor: "one", dstFactor: "one-minus-src-alpha", operation: "add" };
  const create = (
    label: string,
    options: {
      readonly isEdges?: boolean;
      readonly isInvisible?: boolean;
      readonly isTranslucent?: boolean;
    },
  ): GPURenderPipeline =>
    device.createRenderPipeline({
      label,
      layout: pipelineLayout,
      vertex: {
        module,
        entryPoint: options.isEdges ? "edge_corner" : "corner",
        buffers: [
          {
            arrayStride: STRIDE,
            attributes: [
              { shaderLocation: 0, offset: 0, format: "float32x3" },
              { shaderLocation: 1, offset: 12, format: "float32x3" },
              { shaderLocation: 2, offset: 24, format: "unorm8x4" },
            ],
          },
        ],
      },
      fragment: {
        module,
        entryPoint: options.isEdges ? "edge" : "face",
        targets: [
          {
            format,
            blend: { color: over, alpha: over },
            writeMask: options.isInvisible ? 0 : GPUColorWrite.ALL,
          },
        ],
      },
      primitive: {
        topology: options.isEdges ? "line-list" : "triangle-list",
        frontFace: "ccw",
        cullMode: options.isTranslucent ? "back" : "none",
      },
      depthStencil: {
        format: DEPTH,
        depthWriteEnabled: !options.isTranslucent,
        depthCompare: "less-equal",
        depthBias: options.isTranslucent ? GHOST_BIAS : 0,
      },
      multisample: { count: SAMPLES },
    });
  return {
    opaque: create("viewer opaque", {}),
    translucent: create("viewer translucent", { isTranslucent: true }),
    hide: create("viewer hide", { isInvisible: true }),
    edges: create("viewer edges", { isEdges: true }),
  };
}
