import { Plan } from "../autograd/plan";
import { DeviceLostError } from "../gpu/errors";
import type { Gpu } from "../gpu/gpu";
import { allKernels, type KernelStyle } from "../gpu/kernel";
import { compare, TOLERANCE } from "./compare";
import type { GpuJsClass } from "./gpu-js";
import { median, Oracle, type OracleRun } from "./oracle";
import { type RecordedCase, recordCase, type Target, valuesOf } from "./record";
import type {
  Arrays,
  Baseline,
  Check,
  DeviceCase,
  Difference,
  Expectation,
  OpCase,
  Times,
  VerifyCase,
  VerifyReport,
} from "./types";

export interface VerifyOptions {
  readonly cases: readonly VerifyCase[];
  readonly gpuJs: GpuJsClass;
  /** Browser or Node, as it names itself. */
  readonly host: string;
  readonly clock: { now(): number; date(): Date };
  /** Without it the formulas are not compiled to WebGPU by gpu.js, and nothing is timed. */
  readonly hasBaseline?: boolean;
  /** Also the variants of kernels that are for other adapters than this one: on one that runs on the CPU they compile slowly. */
  readonly hasAllStyles?: boolean;
  /** Timed runs after the first; 3 by default. */
  readonly repeats?: number;
  readonly onCheck?: (check: Check) => void;
  /** After each case, so that a page can draw. */
  readonly onProgress?: (done: number, total: number, what: string) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Everything that one case needs besides itself. */
interface Session {
  readonly gpu: Gpu;
  readonly cpu: Oracle;
  readonly webgpu: Oracle | undefined;
  readonly options: VerifyOptions;
}

/** What the oracles say of one tensor. */
interface Expected {
  readonly truth: OracleRun;
  readonly baseline: Baseline;
  readonly milliseconds?: number;
}

/**
 * Runs every case on `gpu` and compares it with its oracle in plain JavaScript; the same formulas, as gpu.js compiles them
 * to WebGPU, are the baseline. A failed check is a result. Throws when the device is lost, and when an oracle itself fails.
 */
export async function verify(gpu: Gpu, options: VerifyOptions): Promise<VerifyReport> {
  const { gpuJs, clock, hasBaseline = true, signal } = options;
  const start = clock.now();
  const now = (): number => clock.now();
  const cpu = new Oracle(gpuJs, "cpu", now);
  const session: Session = { gpu, cpu, webgpu: hasBaseline ? new Oracle(gpuJs, "webgpu", now) : undefined, options };
  const cases = options.cases.filter((found) => !("record" in found) || stylesOf(found, session).length > 0);
  const checks: Check[] = [];
  let done = 0;
  try {
    for (const verifyCase of cases) {
      if (signal?.aborted) break;
      await options.onProgress?.(done, cases.length, `${verifyCase.op}: ${verifyCase.name}`);
      const found = "record" in verifyCase ? verifyOp(session, verifyCase) : verifyDevice(session, verifyCase);
      for await (const check of found) {
        checks.push(check);
        options.onCheck?.(check);
      }
      done++;
    }
    await options.onProgress?.(done, cases.length, "");
  } finally {
    await cpu.destroy();
    await session.webgpu?.destroy();
  }
  const used = new Set(checks.flatMap(({ kernels }) => kernels));
  return {
    adapter: gpu.label,
    limits: limitsOf(gpu.limits),
    host: options.host,
    date: clock.date().toISOString(),
    seconds: (clock.now() - start) / 1000,
    isComplete: done === cases.length,
    checks,
    kernels: allKernels()
      .filter(({ name }) => used.has(name))
      .map(({ name, entryPoint, code }) => ({ name, entryPoint, code })),
  };
}

/** Limits live on the prototype of GPUSupportedLimits, so a spread would lose them. */
function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in limits) {
    const value = (limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number") found[name] = value;
  }
  return found;
}

/** The oracle's truth and the baseline of one tensor. */
async function expectationOf(session: Session, op: string, given: Arrays, { stages }: Expectation): Promise<Expected> {
  const { cpu, webgpu, options } = session;
  const repeats = webgpu ? (options.repeats ?? 3) : 0;
  const truth = await cpu.run(op, stages, given, repeats);
  const { formula } = truth;
  if (!webgpu) return { truth, baseline: { formula, wgsl: [] } };
  try {
    const { result, wgsl, milliseconds } = await webgpu.run(op, stages, given, repeats);
    return { truth, baseline: { formula, wgsl, difference: compare(result, truth.result) }, milliseconds };
  } catch (error) {
    return { truth, baseline: { formula, wgsl: [], failure: `gpu.js cannot: ${messageOf(error)}` } };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function* verifyOp(session: Session, verify: OpCase): AsyncGenerator<Check> {
  const known = new Map<string, Expected>();
  const hasGradients = Object.keys(verify.gradients ?? {}).length > 0;
  for (const style of stylesOf(verify, session)) {
    for (const isAdded of hasGradients ? [false, true] : [false]) {
      const recorded = recordCase(verify, style, isAdded);
      for (const target of recorded.targets) {
        if (!known.has(target.name))
          known.set(target.name, await expectationOf(session, verify.op, recorded.arrays, target.expectation));
      }
      yield* checkRecorded(session, verify, recorded, known, style, isAdded);
    }
  }
}

/** The variants to check: the adapter's own, which a training step would record, or all. */
function stylesOf({ styles }: OpCase, { gpu, options }: Session): readonly KernelStyle[] {
  if (!styles) return [gpu.kernelStyle];
  return options.hasAllStyles ? styles : styles.filter((style) => style === gpu.kernelStyle);
}

async function* checkRecorded(
  session: Session,
  verify: OpCase,
  recorded: RecordedCase,
  known: ReadonlyMap<string, Expected>,
  style: KernelStyle,
  isAdded: boolean,
): AsyncGenerator<Check> {
  const { gpu } = session;
  // An output is the same whether gradients are added or not.
  const targets = recorded.targets.filter(({ before }) => !isAdded || before !== undefined);
  let plan: Plan | undefined;
  let failure: string | undefined;
  try {
    plan = await Plan.compile(gpu, recorded.tape, undefined, { reuse: false });
    // NaN everywhere, so that a number that nobody writes, or that is read before, is seen.
    for (const t of recorded.tape.tensors) if (t.kind === "temp" && t.storage === t) poison(plan, t);
    writeInputs(plan, verify, recorded);
    plan.run();
  } catch (error) {
    if (error instanceof DeviceLostError) throw error;
    failure = messageOf(error);
  }
  // All are read before one is timed, which runs kernels again.
  const found: Pick<Check, "difference" | "failure">[] = [];
  for (const { name, tensor, before } of targets) {
    found.push(
      await attempt(failure, async () => {
        const [got] = await plan!.read(tensor);
        return compare(got, withBefore(known.get(name)!.truth.result, before));
      }),
    );
  }
  for (const [i, target] of targets.entries()) {
    const expected = known.get(target.name)!;
    // Adding to a gradient takes as long as writing it.
    const isTimed = plan && session.webgpu && !isAdded && found[i].failure === undefined;
    const ours = isTimed ? await timeOurs(session, plan!, recorded, target) : undefined;
    const kernels = [...new Set([...target.dispatches].map(({ kernel }) => kernel.name))];
    const about = { op: verify.op, case: verify.name, target: target.name, style, isAdded, kernels };
    const measured = { ...about, shapes: verify.inputs, size: target.tensor.size, ...found[i] };
    yield judged(measured, verify, target.expectation, expected, ours);
  }
  plan?.destroy();
}

/** What `read` found, or why there is nothing; a lost device ends the whole run. */
async function attempt(
  earlier: string | undefined,
  read: () => Promise<Difference>,
): Promise<Pick<Check, "difference" | "failure">> {
  if (earlier !== undefined) return { failure: earlier };
  try {
    return { difference: await read() };
  } catch (error) {
    if (error instanceof DeviceLostError) throw error;
    return { failure: messageOf(error) };
  }
}

/** The check with its verdict. */
function judged(
  check: Omit<Check, "tolerance" | "passed" | "times" | "baseline">,
  verify: Pick<VerifyCase, "tolerance" | "reason">,
  expectation: Expectation,
  { truth, baseline, milliseconds }: Expected,
  ours: number | undefined,
): Check {
  const tolerance = expectation.tolerance ?? verify.tolerance ?? TOLERANCE;
  const passed = check.difference !== undefined && check.difference.relative <= tolerance;
  const times: Times = { ours, gpuJsWebGpu: milliseconds, gpuJsCpu: truth.milliseconds };
  return { ...check, tolerance, reason: verify.reason, passed, times, baseline };
}

function withBefore(result: Float32Array, before: Float32Array | undefined): Float32Array {
  return before ? result.map((v, i) => v + before[i]) : result;
}

function writeInputs(plan: Plan, verify: OpCase, { inputs }: RecordedCase): void {
  for (const [name, values] of Object.entries(valuesOf(verify))) plan.write(inputs[name], values);
}

function poison(plan: Plan, t: RecordedCase["inputs"][string]): void {
  try {
    plan.range(t);
  } catch {
    return; // recorded and used by no kernel
  }
  plan.write(t, new Uint32Array(t.size).fill(t.dtype === "f32" ? 0x7fc00000 : 0));
}

/** Inputs written, the kernels of this tensor run, the tensor read: what gpu.js does too. */
async function timeOurs(
  { gpu, options }: Session,
  plan: Plan,
  { given }: RecordedCase,
  { dispatches, tensor }: Target,
): Promise<number | undefined> {
  const steps = plan.steps.filter(({ dispatch }) => dispatches.has(dispatch));
  const bound = new Set(steps.flatMap(({ dispatch }) => Object.values(dispatch.tensors).map((t) => t.storage)));
  const read = [...given].filter(([t]) => bound.has(t));
  const times: number[] = [];
  for (let i = 0; i < (options.repeats ?? 3); i++) {
    const start = options.clock.now();
    for (const [t, values] of read) plan.write(t, values);
    const encoder = gpu.device.createCommandEncoder({ label: "verify" });
    const pass = encoder.beginComputePass({ label: "verify" });
    for (const { pipeline, bindGroup, dispatch } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...dispatch.workgroups);
    }
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    await plan.read(tensor);
    times.push(options.clock.now() - start);
  }
  return median(times);
}

async function* verifyDevice(session: Session, verify: DeviceCase): AsyncGenerator<Check> {
  let got: Readonly<Record<string, Float32Array>> = {};
  let failure: string | undefined;
  try {
    got = await verify.run(session.gpu);
  } catch (error) {
    if (error instanceof DeviceLostError) throw error;
    failure = messageOf(error);
  }
  const shapes = Object.fromEntries(Object.entries(verify.arrays).map(([name, { length }]) => [name, [length]]));
  for (const [target, expectation] of Object.entries(verify.expected)) {
    const expected = await expectationOf(session, verify.op, verify.arrays, expectation);
    const found: Pick<Check, "difference" | "failure"> =
      failure === undefined ? { difference: compare(got[target], expected.truth.result) } : { failure };
    const about = { op: verify.op, case: verify.name, target, style: "cpu" as const, isAdded: false };
    const size = expected.truth.result.length;
    yield judged(
      { ...about, kernels: expectation.kernels, shapes, size, ...found },
      verify,
      expectation,
      expected,
      undefined,
    );
  }
}
