import { clipMatrix } from "./camera";
import { fitPixels, type MeshFrame, type MeshRenderer } from "./mesh-renderer";
import { AMBIENT, AMBIENT_HEAT, farToNear, lightOf, type MeshScene } from "./scene";
import code from "./viewer.wgsl?raw";

const SAMPLES = 4;
/** Position, normal, colour. */
const STRIDE = 28;
const DEPTH: GPUTextureFormat = "depth24plus";
const FRAME_BYTES = 96;
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
   * WebGPU or its compiler refuses the shader.
   */
  static async create(onLost: (reason: string) => void): Promise<GpuMeshRenderer> {
    const device = await pageDevice();
    const format = navigator.gpu.getPreferredCanvasFormat();
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
    const { device, buffers } = this;
    const isTranslucent = !frame.isWires && frame.opacity < 1;
    device.queue.writeBuffer(this.frame, 0, frameData(frame));
    if (buffers !== undefined) {
      const faces = isTranslucent ? farToNear(buffers.scene, frame.camera) : buffers.scene.faces;
      device.queue.writeBuffer(buffers.faces, 0, faces);
    }
    const encoder = device.createCommandEncoder({ label: "hand viewer" });
    const pass = encoder.beginRenderPass(this.passTo(this.context.getCurrentTexture()));
    if (buffers !== undefined) {
      const { opaque, translucent, hide, edges } = this.pipelines;
      pass.setBindGroup(0, this.bindings);
      pass.setVertexBuffer(0, buffers.vertices);
      pass.setIndexBuffer(buffers.faces, "uint32");
      pass.setPipeline(frame.isWires ? hide : isTranslucent ? translucent : opaque);
      pass.drawIndexed(buffers.scene.faces.length);
      if (frame.isWires) {
        pass.setIndexBuffer(buffers.edges, "uint32");
        pass.setPipeline(edges);
        pass.drawIndexed(buffers.scene.edges.length);
      }
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
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
      depthStencil: { format: DEPTH, depthWriteEnabled: !options.isTranslucent, depthCompare: "less-equal" },
      multisample: { count: SAMPLES },
    });
  return {
    opaque: create("viewer opaque", {}),
    translucent: create("viewer translucent", { isTranslucent: true }),
    hide: create("viewer hide", { isInvisible: true }),
    edges: create("viewer edges", { isEdges: true }),
  };
}
