/** What a rank is asked about a sample, and what an answer lacks of it. Pure. */
import type { LookRequest, LookView, MapRequest, SplitName, WhatIf } from "../../train/inspect/types";
import type { StageName } from "./address";
import { GROUP, type MapChoice } from "./map-choice";

/** All that an answer depends on besides the weights; answers to the same question may be joined. */
export interface Question {
  readonly split: SplitName;
  readonly index: number;
  readonly epoch: number | undefined;
  readonly whatIf: WhatIf | undefined;
  readonly checkpoint: number | undefined;
}

/** Which parts of the answer are looked at. */
export interface Parts {
  readonly stage: StageName;
  readonly maps: readonly MapRequest[];
  /** The block whose attention is shown, all heads of it; undefined before the network's shape is known. */
  readonly block: number | undefined;
}

/** Both ask for the same thing. */
export function isSame(a: Question, b: Question): boolean {
  return (["split", "index", "epoch", "whatIf", "checkpoint"] as const).every((key) => a[key] === b[key]);
}

/** The maps that the choice stands for; `channels` of the map limit them, and undefined (not known yet) stands for one map of the first scale. */
export function mapsOf({ scale, figure, group }: MapChoice, channels: number | undefined): readonly MapRequest[] {
  if (channels === undefined) return [{ scale: 0, channel: "norm" }];
  if (figure !== "channels") return [{ scale, channel: figure }];
  const first = Math.min(group * GROUP, channels - 1);
  return Array.from({ length: Math.min(GROUP, channels - first) }, (_, i) => ({ scale, channel: first + i }));
}

/** The answer has not all that is looked at. */
export function lacks(view: LookView, { stage, maps, block }: Parts): boolean {
  const hasMap = ({ scale, channel }: MapRequest) =>
    view.maps.some((each) => each.scale === scale && each.channel === channel);
  return (
    !view.attention.some((each) => each.block === block) ||
    !maps.every(hasMap) ||
    (stage === "gradients" && view.gradients === undefined) ||
    view.frame === undefined ||
    (view.epoch !== undefined && view.steps.length === 0)
  );
}

/** What to ask a rank; what the last answer to the same question, `known`, has of pictures is not asked again. */
export function requestOf(
  { split, index, epoch, whatIf }: Question,
  { stage, maps, block }: Parts,
  heads: number,
  known: LookView | undefined,
): LookRequest {
  return {
    ...{ split, index, maps },
    ...(epoch !== undefined && { epoch }),
    ...(whatIf && { whatIf }),
    ...(block !== undefined && { attention: Array.from({ length: heads }, (_, head) => ({ block, head })) }),
    ...(stage === "gradients" && { gradients: true }),
    ...(known?.frame === undefined && { frame: true }),
    ...(epoch !== undefined && !known?.steps.length && { steps: true }),
  };
}

/** The answer with what the last one to the same question, `known`, had and still holds: gradients only of the same weights. */
export function joined(view: LookView, known: LookView | undefined): LookView {
  const gradients = view.gradients ?? (known?.step === view.step ? known.gradients : undefined);
  const frame = view.frame ?? known?.frame;
  const steps = view.steps.length > 0 ? view.steps : (known?.steps ?? []);
  return { ...view, gradients, frame, steps };
}
