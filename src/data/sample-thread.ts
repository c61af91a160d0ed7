/** What crosses the border of a thread that makes samples: a job in, an answer out; the same in a page and in Node. */
import { DataError, messageOf } from "./data-error";
import { makeSample, type SampleOptions } from "./sample";
import type { CropRecord, Sample } from "./types";

/** The arguments of one `makeSample`. */
export interface SampleJob {
  readonly record: CropRecord;
  readonly options: SampleOptions;
  readonly epoch: number;
}

/** An error as data: a class does not survive the way between two threads. `reason` is set for a DataError alone. */
interface ThreadError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly reason: string | undefined;
}

export type SampleAnswer = { readonly sample: Sample } | { readonly error: ThreadError };

/** What a thread does, spoken to over Comlink. */
export interface SampleMaker {
  make(job: SampleJob): Promise<SampleAnswer>;
}

/** Makes the sample in this thread; never throws. */
export function answerJob({ record, options, epoch }: SampleJob): SampleAnswer {
  try {
    return { sample: makeSample(record, options, epoch) };
  } catch (error) {
    const { stack } = error instanceof Error ? error : {};
    return {
      error: { message: messageOf(error), stack, reason: error instanceof DataError ? error.reason : undefined },
    };
  }
}

/** The sample of an answer. Throws the thread's error: a DataError as a DataError with its own sentence and reason. */
export function sampleOf(answer: SampleAnswer): Sample {
  if ("sample" in answer) return answer.sample;
  const { message, stack, reason } = answer.error;
  const error = reason === undefined ? new Error(message) : new DataError(message, reason);
  if (stack !== undefined) error.stack = stack;
  throw error;
}

/** The buffers of an answer, which move to the thread that asked instead of being copied. */
export function buffersOf(answer: SampleAnswer): ArrayBuffer[] {
  if ("error" in answer) return [];
  const { image, depth, principal, joints2d, joints3d, pose, shape, cropFromImage } = answer.sample;
  return [image, depth, principal, joints2d, joints3d, pose, shape, cropFromImage].map(
    (array) => array.buffer as ArrayBuffer,
  );
}
