/** Faults on demand: a rank that fails at a chosen point of a chosen step, for tests of what the others do. */
import type { TrainGroup } from "../train/ranks";

/** What a rank is to do once. Plain data. */
export interface RankFault {
  /** The worker's number, which stays when its rank in a group changes. */
  readonly worker: number;
  /** The step that it is making, the first one is 1. */
  readonly step: number;
  /** Before its work, while the sums are reduced, or with the means in hand. */
  readonly at: "before" | "in" | "after";
  /**
   * `hang` blocks the thread; `terminate` is ended by its supervisor while it is busy; `close` ends itself; `lost` destroys
   * the device; `nan` puts a NaN into its sums; `slow` makes ten steps ten times as long.
   */
  readonly kind: "throw" | "hang" | "terminate" | "close" | "lost" | "nan" | "slow";
}

/** Faults of a run with a word for each, so that one that killed its worker does not strike the next one. Crosses postMessage. */
export interface FaultPlan {
  readonly faults: readonly RankFault[];
  /** Int32 [faults]: 0 to come, 1 struck, 2 the supervisor is to end the worker. */
  readonly words: ArrayBufferLike;
  /** Float64 [faults]: when each struck, ms since 1970 of a clock that only grows, the same in all workers of a page; 0 before. */
  readonly times: ArrayBufferLike;
}

const STRUCK = 1;
const END_ME = 2;
const SLOW_STEPS = 10;
const SLOW_FACTOR = 9;

export function faultPlan(faults: readonly RankFault[]): FaultPlan {
  const Memory = typeof SharedArrayBuffer === "undefined" ? ArrayBuffer : SharedArrayBuffer;
  const count = Math.max(1, faults.length);
  return { faults, words: new Memory(4 * count), times: new Memory(8 * count) };
}

/** Workers that ask to be ended by force, each once. */
export function takeTerminations({ faults, words }: FaultPlan): number[] {
  const view = new Int32Array(words);
  return faults.flatMap(({ worker }, i) =>
    Atomics.compareExchange(view, i, END_ME, STRUCK) === END_ME ? [worker] : [],
  );
}

export interface FaultHost {
  readonly worker: number;
  /** Ends this thread from within. */
  close(): void;
  loseDevice(): void;
}

/** A group whose rank fails as the plan says; `step` is the number of steps that are done when it begins. */
export function faultyGroup(group: TrainGroup, plan: FaultPlan, host: FaultHost, step: number): TrainGroup {
  const words = new Int32Array(plan.words);
  const times = new Float64Array(plan.times);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let making = step;
  let slowUntil = 0;
  let began = performance.now();

  const strike = (fault: RankFault, i: number): void => {
    if (fault.kind === "throw") throw new Error(`injected ${fault.at} the reduce of step ${fault.step}`);
    if (fault.kind === "lost") host.loseDevice();
    if (fault.kind === "slow") slowUntil = making + SLOW_STEPS;
    if (fault.kind === "close") host.close();
    if (fault.kind === "terminate") {
      Atomics.store(words, i, END_ME);
      for (;;); // a worker that waits could be ended at once, a busy one goes on for two seconds in Chromium
    }
    if (fault.kind === "close" || fault.kind === "hang") Atomics.wait(sleeper, 0, 0);
  };
  const due = (at: RankFault["at"], isNan: boolean): boolean => {
    let has = false;
    for (const [i, fault] of plan.faults.entries()) {
      const isHere = fault.worker === host.worker && fault.step === making && fault.at === at;
      if (!isHere || (fault.kind === "nan") !== isNan) continue;
      if (Atomics.compareExchange(words, i, 0, STRUCK) !== 0) continue;
      times[i] = performance.timeOrigin + performance.now();
      has = true;
      strike(fault, i);
    }
    return has;
  };
  const dawdle = (): void => {
    if (making > slowUntil) return;
    for (let left = SLOW_FACTOR * (performance.now() - began); left > 0; left -= 50) {
      Atomics.wait(sleeper, 0, 0, Math.min(50, left));
      group.beat();
    }
  };

  const own: Partial<TrainGroup> = {
    agree(bits) {
      if (group.worldSize === 1) due("after", false);
      dawdle();
      const all = group.agree(bits);
      making++;
      began = performance.now();
      due("before", false);
      return all;
    },
    reading(answer) {
      if (group.worldSize > 1) return group.reading(answer);
      return group.reading(
        answer.then((value) => {
          due("in", false);
          return value;
        }),
      );
    },
    publish(bucket, subtree, values) {
      due("in", false);
      const isPoisoned = (["before", "in", "after"] as const).some((at) => due(at, true));
      const given = isPoisoned ? values.slice() : values;
      if (isPoisoned) given[given.length >> 1] = Number.NaN;
      group.publish(bucket, subtree, given);
    },
    finishMean() {
      const means = group.finishMean();
      due("after", false);
      return means;
    },
  };
  return new Proxy(group, {
    get(target, key) {
      const replaced = own[key as keyof TrainGroup];
      if (replaced !== undefined) return replaced;
      const value = target[key as keyof TrainGroup];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
