import type { Plan } from "../../autograd/plan";
import type { Dispatch } from "../../autograd/tape";
import type { Tensor } from "../../autograd/tensor";

/**
 * Runs parts of a compiled plan, so that any tensor can be read right after it is written and overwritten before it is read:
 * nothing has to be recorded or compiled again. Parts run in order; what lies before must have run.
 */
export class Replay {
  /** Number of dispatches of the forward pass. */
  readonly forwardEnd: number;

  constructor(readonly plan: Plan) {
    const first = plan.steps.findIndex(({ dispatch }) => dispatch.pass === "backward");
    this.forwardEnd = first < 0 ? plan.steps.length : first;
  }

  /** Runs dispatches `from` to `to` - 1. */
  run(from: number, to: number): void {
    const { gpu, steps, tape } = this.plan;
    if (to <= from) return;
    gpu.check(`plan "${tape.name}"`);
    const encoder = gpu.device.createCommandEncoder({ label: `${tape.name}, in part` });
    const pass = encoder.beginComputePass({ label: `${tape.name}, in part` });
    for (const { pipeline, bindGroup, dispatch } of steps.slice(from, to)) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...dispatch.workgroups);
    }
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
  }

  /** The whole forward pass. */
  forward(): void {
    this.run(0, this.forwardEnd);
  }

  /** Number of dispatches after which `t` holds what the forward pass makes of it; 0 for what no kernel writes. */
  writtenBy(t: Tensor): number {
    for (let i = this.forwardEnd - 1; i >= 0; i--) {
      const { kernel, tensors } = this.plan.steps[i].dispatch;
      for (const [name, bound] of Object.entries(tensors)) {
        if (bound.storage === t.storage && kernel.bindings.get(name)?.access === "read_write") return i + 1;
      }
    }
    return 0;
  }

  /** One forward pass that stops wherever one of `tensors` is made, to read it. In their order. */
  async forwardReading(tensors: readonly Tensor[]): Promise<Float32Array<ArrayBuffer>[]> {
    const places = tensors.map((t) => this.writtenBy(t));
    const out = new Array<Float32Array<ArrayBuffer>>(tensors.length);
    let done = 0;
    for (const stop of [...new Set(places)].sort((a, b) => a - b)) {
      this.run(done, stop);
      done = stop;
      const here = tensors.flatMap((t, i) => (places[i] === stop ? [{ t, i }] : []));
      const read = await this.plan.read(...here.map(({ t }) => t));
      here.forEach(({ i }, k) => {
        out[i] = read[k];
      });
    }
    this.run(done, this.forwardEnd);
    return out;
  }

  /** Places of the dispatches of an op's kernel in the given pass. */
  dispatchesOf(op: string, pass: Dispatch["pass"]): { readonly dispatch: Dispatch; readonly index: number }[] {
    return this.plan.steps.flatMap(({ dispatch }, index) =>
      dispatch.kernel.op === op && dispatch.pass === pass ? [{ dispatch, index }] : [],
    );
  }
}
