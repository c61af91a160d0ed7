/** The records of a run as series that charts draw, brought up to date with each look. Knows no DOM. */
import type { LossName, PoseMetrics } from "../../train/events";
import type { StepTimes } from "../../train/ranks";
import { type History, LOSS_NAMES } from "../history";
import type { Along } from "./plot";
import { Numbers, Series, Smoothed } from "./series";

export type Axis = "step" | "epoch" | "time";

/** Steps over which the share of clipped ones is taken. */
export const CLIP_WINDOW = 20;

export type StepCurve = LossName | "lr" | "lr_backbone" | "grad_norm" | "clipped" | "samples_per_second";
export type EvaluationCurve = "mpjpe" | "pa_mpjpe" | "zero" | "zero_pa" | "mean" | "mean_pa";
type TimePart = Exclude<keyof StepTimes, "overlap">;
/** A part of the step of a rank, or of the mean over ranks. */
export type TimeCurve = `${number | "mean"}.${TimePart}`;
export type CurveName = StepCurve | EvaluationCurve | TimeCurve;

export const TIME_PARTS: readonly TimePart[] = ["computeMs", "reduceMs", "readMs", "updateMs", "dataMs", "waitMs"];

/** Series of one kind of record, over its steps and over the time spent by then. */
class Track {
  readonly step = new Numbers();
  /** Seconds spent in steps and evaluations. */
  readonly time = new Numbers();
  readonly series = new Map<CurveName, Series>();
  readonly #smoothed = new Map<CurveName, Smoothed>();

  push(name: CurveName, value: number | null): void {
    let series = this.series.get(name);
    if (series === undefined) {
      series = new Series();
      // A rank that joins late has gaps before.
      while (series.length < this.step.length - 1) series.push(Number.NaN);
      this.series.set(name, series);
    }
    series.push(value !== null && Number.isFinite(value) ? value : Number.NaN);
  }

  /** Gaps for curves that the last record did not mention. */
  fill(): void {
    for (const series of this.series.values()) while (series.length < this.step.length) series.push(Number.NaN);
  }

  smoothed(name: CurveName, weight: number): Series | undefined {
    const raw = this.series.get(name);
    if (raw === undefined || weight <= 0) return raw;
    let smoothed = this.#smoothed.get(name);
    if (smoothed?.weight !== weight) {
      smoothed = new Smoothed(raw, weight);
      this.#smoothed.set(name, smoothed);
    }
    return smoothed.update();
  }
}

export type TrackName = "steps" | "evaluations" | "times";

export class Curves {
  readonly steps = new Track();
  readonly evaluations = new Track();
  readonly times = new Track();
  /** Undefined until an epoch has ended or it was told. */
  stepsPerEpoch: number | undefined;
  /** Most ranks of any record of times. */
  ranks = 0;
  #seconds = 0;
  #evaluated = 0;
  #timed = 0;
  readonly #clips: boolean[] = [];
  #clipped = 0;

  constructor(
    readonly history: History,
    stepsPerEpoch?: number,
  ) {
    this.stepsPerEpoch = stepsPerEpoch;
  }

  /** Takes in what the history has gained. */
  update(): this {
    const { steps, evaluations, times } = this.history;
    for (let i = this.steps.step.length; i < steps.length; i++) {
      this.#evaluate(steps[i].step);
      this.#step(i);
    }
    if (this.#evaluated < evaluations.length) this.#evaluate(Number.POSITIVE_INFINITY);
    for (; this.#timed < times.length; this.#timed++) this.#time(this.#timed);
    return this;
  }

  /** Where the points of a track lie. */
  along(track: TrackName, axis: Axis): Along {
    const { step, time } = this[track];
    if (axis === "time") return { x: time, scale: 1 };
    return { x: step, scale: axis === "epoch" ? 1 / this.#epochLength : 1 };
  }

  /** A number of steps on an axis, as far as that is known; time is not. */
  xOfStep(step: number, axis: Axis): number {
    if (axis === "step") return step;
    if (axis === "epoch") return step / this.#epochLength;
    const { steps } = this;
    if (steps.step.length === 0) return 0;
    if (step <= steps.step.last) return steps.time.at(Math.min(steps.step.length - 1, steps.step.lowerBound(step)));
    return steps.time.last * (step / steps.step.last);
  }

  /** Before the first epoch has ended and nobody told, its length is what there is of it. */
  get #epochLength(): number {
    return this.stepsPerEpoch ?? Math.max(1, this.steps.step.length === 0 ? 1 : this.steps.step.last);
  }

  #step(index: number): void {
    const record = this.history.steps[index];
    const { steps } = this;
    this.#seconds += record.ms / 1000;
    steps.step.push(record.step);
    steps.time.push(this.#seconds);
    if (record.epoch > 0) this.stepsPerEpoch ??= Math.round((record.step - 1) / record.epoch);
    for (const name of LOSS_NAMES) steps.push(name, record.losses[name]);
    steps.push("lr", record.lr);
    steps.push("lr_backbone", record.lr_backbone);
    steps.push("grad_norm", record.grad_norm);
    steps.push("samples_per_second", (1000 * record.samples) / record.ms);
    this.#clips.push(record.clipped);
    this.#clipped += Number(record.clipped);
    if (this.#clips.length > CLIP_WINDOW) this.#clipped -= Number(this.#clips.shift());
    steps.push("clipped", (100 * this.#clipped) / this.#clips.length);
  }

  /** Evaluations of steps before `step`, whose time goes before it. */
  #evaluate(step: number): void {
    const { evaluations } = this.history;
    for (; this.#evaluated < evaluations.length && evaluations[this.#evaluated].step < step; this.#evaluated++) {
      const record = evaluations[this.#evaluated];
      this.#seconds += record.ms / 1000;
      const track = this.evaluations;
      track.step.push(record.step);
      track.time.push(this.#seconds);
      const { zero_pose, mean_pose } = record.baselines;
      const of = (name: EvaluationCurve, name_pa: EvaluationCurve, metrics: PoseMetrics): void => {
        track.push(name, metrics.mpjpe_mm);
        track.push(name_pa, metrics.pa_mpjpe_mm);
      };
      of("mpjpe", "pa_mpjpe", record);
      of("zero", "zero_pa", zero_pose);
      of("mean", "mean_pa", mean_pose);
    }
  }

  #time(index: number): void {
    const { step, ranks } = this.history.times[index];
    const track = this.times;
    track.step.push(step);
    track.time.push(this.xOfStep(step, "time"));
    this.ranks = Math.max(this.ranks, ranks.length);
    for (const part of TIME_PARTS) {
      for (const [rank, times] of ranks.entries()) track.push(`${rank}.${part}`, times[part]);
      track.push(`mean.${part}`, ranks.reduce((sum, times) => sum + times[part], 0) / ranks.length);
    }
    track.fill();
  }
}

const known = new WeakMap<History, Curves>();

/** The curves of a history, the same object each time, up to date. */
export function curvesOf(history: History, stepsPerEpoch?: number): Curves {
  let curves = known.get(history);
  if (curves === undefined) {
    curves = new Curves(history, stepsPerEpoch);
    known.set(history, curves);
  }
  curves.stepsPerEpoch ??= stepsPerEpoch;
  return curves.update();
}
