import type { Tensor } from "../autograd/tensor";
import { Linear } from "../nn/layers";
import { Module, Numbered } from "../nn/module";
import type { Init } from "../nn/parameter";
import * as F from "../ops";
import type { Csr } from "../ops/csr";

const ZEROS: Init = { kind: "zeros" };

class GraphLayer extends Module {
  readonly linear: Linear;

  constructor(inFeatures: number, outFeatures: number) {
    super();
    this.linear = new Linear(inFeatures, outFeatures);
  }

  /** A_hat x W^T + b, [B, V, in] -> [B, V, out] */
  forward(x: Tensor, graph: Csr, activation: "relu" | "none"): Tensor {
    return this.linear.forward(F.graphConv(x, graph), { activation });
  }
}

class GraphNet extends Module {
  readonly layers: readonly GraphLayer[];

  constructor(inFeatures: number, widths: readonly number[]) {
    super();
    this.layers = widths.map((width, i) => new GraphLayer(i === 0 ? inFeatures : widths[i - 1], width));
  }

  forward(x: Tensor, graph: Csr): Tensor {
    const last = this.layers.length - 1;
    return this.layers.reduce((y, layer, i) => layer.forward(y, graph, i < last ? "relu" : "none"), x);
  }
}

class Head extends Numbered {
  constructor(
    private readonly hidden: Linear,
    private readonly out: Linear,
  ) {
    super([hidden, undefined, out]);
  }

  forward(x: Tensor): Tensor {
    return this.out.forward(this.hidden.forward(x, { activation: "relu" }));
  }
}

/** Vertex features to residuals of pose (16 rotation vectors) and shape, through graph convolutions over the mesh. */
export class GraphRefiner extends Module {
  readonly gcn: GraphNet;
  readonly poseHead: Head;
  readonly shapeHead: Head;

  constructor(inFeatures: number, widths: readonly number[], unzeroed: boolean) {
    super();
    const width = widths[widths.length - 1];
    const head = (out: number): Head =>
      new Head(new Linear(width, width), new Linear(width, out, unzeroed ? {} : { weight: ZEROS, bias: ZEROS }));
    this.gcn = new GraphNet(inFeatures, widths);
    this.poseHead = head(48);
    this.shapeHead = head(10);
  }

  /** features [B, V, C] -> deltaPose [B, 48], deltaShape [B, 10] */
  forward(features: Tensor, graph: Csr): { readonly deltaPose: Tensor; readonly deltaShape: Tensor } {
    const pooled = F.meanVertices(this.gcn.forward(features, graph)); // [B, width]
    return { deltaPose: this.poseHead.forward(pooled), deltaShape: this.shapeHead.forward(pooled) };
  }
}
