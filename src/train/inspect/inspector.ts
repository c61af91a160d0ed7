/** Answers the inspector's questions about a network that trains, and leaves every bit of it as it was. */
import { makeBatch } from "../../data/batch";
import type { Sample } from "../../data/types";
import { loadModel } from "../checkpoint";
import { writeBatch } from "../recording-io";
import { sampleView } from "../sample-view";
import type { Trainer } from "../trainer";
import { FactTable } from "./facts";
import { type Looked, lookView, type Prepared, prepareLook, requirePlace, runLook } from "./look";
import { thumbnailOf } from "./pictures";
import { type GradientRecording, type LookRecording, recordGradients, recordLook } from "./recording";
import type { LookRequest, LookView, QuickPrediction, SampleTable, SplitName, Thumbnail } from "./types";
import type { CheckpointWeights } from "./weights";

/**
 * What needs the network runs between two steps, in plans of its own: they are recorded for one sample with the first question and
 * kept until `destroy`. Call nothing of it within `Trainer.whilePaused`, which it calls itself.
 */
export class Inspector {
  readonly #tables = new Map<SplitName, FactTable>();
  #look: LookRecording | undefined;
  #gradients: GradientRecording | undefined;
  #isOver = false;
  /** Of the looks that are asked for. */
  readonly #looking = new Set<AbortController>();

  constructor(private readonly trainer: Trainer) {}

  /** Facts of a split's samples, without scores. Throws as `FactTable.rows`. */
  samples(split: SplitName, from?: number, to?: number): Promise<SampleTable> {
    const { parts, model } = this.trainer;
    let table = this.#tables.get(split);
    if (!table) {
      const { ids, set } = parts[split];
      table = new FactTable(split, ids, set, model.shape);
      this.#tables.set(split, table);
    }
    return table.rows(from, to);
  }

  /** Throws a sentence when a place is not in the split, or `side` no number of rows. */
  async thumbnails(split: SplitName, indices: readonly number[], side: number): Promise<Thumbnail[]> {
    const { parts, model } = this.trainer;
    const { height, width } = model.shape;
    const { ids, set } = parts[split];
    const { data, quirks } = parts.config;
    const options = { side, height, width, depthCube: data.depthCube, isBgr: new Set<string>(quirks).has("bgr") };
    const out: Thumbnail[] = [];
    for (const index of indices) {
      requirePlace(split, index, ids.length);
      out.push(thumbnailOf(await set.read(ids[index]), index, options));
    }
    return out;
  }

  /** Predictions as an evaluation makes them, in its batches. Throws a sentence when a place is not in the split. */
  async predict(split: SplitName, indices: readonly number[]): Promise<QuickPrediction[]> {
    const { parts, evaluation } = this.trainer;
    const loader = split === "val" ? parts.val : parts.trainPlain;
    for (const index of indices) requirePlace(split, index, loader.ids.length);
    const samples: Sample[] = [];
    for (const index of indices) samples.push(await loader.sampleOf(await loader.set.read(loader.ids[index]), 0));
    return this.trainer.whilePaused(async () => {
      this.#requireNetwork("predict");
      const out: QuickPrediction[] = [];
      for (let first = 0; first < samples.length; first += evaluation.batch) {
        const some = indices.slice(first, first + evaluation.batch);
        out.push(...(await this.#predictBatch(split, some, samples.slice(first, first + evaluation.batch))));
      }
      return out;
    });
  }

  async #predictBatch(split: SplitName, indices: readonly number[], samples: Sample[]): Promise<QuickPrediction[]> {
    const { evaluation, model, step } = this.trainer;
    const { plan, outputs } = evaluation;
    const batch = makeBatch(samples, evaluation.batch);
    writeBatch(evaluation, batch);
    plan.run();
    const [keypoints3d, keypoints2d, vertices, camera] = await plan.read(
      outputs.keypoints3d,
      outputs.keypoints2d,
      outputs.vertices,
      outputs.camera,
    );
    return indices.map((index, row) => {
      const prediction = { keypoints3d, keypoints2d, vertices, camera, focal: evaluation.focal };
      const view = sampleView(model, batch, row, prediction, split, step);
      const { id, width, height, jointsPredicted: joints, vertices: mesh, mpjpe_mm, pa_mpjpe_mm } = view;
      const { joints3dTrue, joints3dPredicted } = view;
      const jointErrorsMm = Float32Array.from({ length: 21 }, (_, j) =>
        Math.hypot(...[0, 1, 2].map((i) => joints3dPredicted[3 * j + i] - joints3dTrue[3 * j + i])),
      );
      return { index, id, step, width, height, joints, vertices: mesh, jointErrorsMm, mpjpe_mm, pa_mpjpe_mm };
    });
  }

  /** With `weights` those of another step are looked at and the network's own put back. Throws as `prepareLook` and `readStages`. */
  async look(request: LookRequest, weights?: CheckpointWeights): Promise<LookView> {
    const looking = new AbortController();
    const { signal } = looking;
    this.#looking.add(looking);
    try {
      const prepared = await prepareLook(this.trainer, request, signal);
      const looked = await this.trainer.whilePaused(async () => {
        signal.throwIfAborted();
        return this.#run(prepared, weights, signal);
      });
      signal.throwIfAborted();
      return lookView(this.trainer, prepared, looked);
    } finally {
      this.#looking.delete(looking);
    }
  }

  /** Ends every `look` between two of its parts; it rejects with "look: cancelled". Weights and plans stay as they were. */
  cancelLook(): void {
    for (const looking of this.#looking) looking.abort(new Error("look: cancelled"));
  }

  async #run(prepared: Prepared, weights: CheckpointWeights | undefined, signal: AbortSignal): Promise<Looked> {
    const { trainer } = this;
    this.#requireNetwork("look");
    this.#look ??= await recordLook(trainer);
    const recording = this.#look;
    signal.throwIfAborted();
    if (prepared.request.gradients) this.#gradients ??= await recordGradients(trainer);
    const gradients = prepared.request.gradients ? this.#gradients : undefined;
    signal.throwIfAborted();
    const run = () => runLook(trainer, recording, gradients, prepared, signal);
    if (!weights) return { step: trainer.step, ...(await run()) };
    const own = await trainer.store.read();
    try {
      loadModel(trainer.store, weights.bytes, weights.file);
      return { step: weights.step, ...(await run()) };
    } finally {
      for (const [name, values] of own) trainer.store.write(name, values);
    }
  }

  #requireNetwork(what: string): void {
    if (this.#isOver) throw new Error(`${what}: the network is gone; start a run first`);
  }

  /** Frees the plans. */
  destroy(): void {
    this.#isOver = true;
    for (const recording of [this.#look, this.#gradients]) recording?.plan.destroy();
    this.#look = undefined;
    this.#gradients = undefined;
  }
}
