import type { TrainEvent } from "../train/events";
import { DATA_CHECKS } from "./checks/index";
import { MODEL_CHECKS } from "./checks/model-checks";
import { RUN_CHECKS } from "./checks/run-checks";
import { type Diagnosis, diagnose, type Finding } from "./finding";
import { RunHistory } from "./run/history";

export interface DoctorOptions {
  /** Ids of findings that are not told and end nothing. */
  readonly ignore?: Iterable<string>;
}

/**
 * Watches a run by its events and names what is wrong with it. Pure: the same events give the same findings. What was
 * certain once stays found, for the numbers that showed it do not become right; what was only likely may go again.
 */
export class Doctor {
  readonly #history = new RunHistory();
  readonly #ignored: ReadonlySet<string>;
  /** Of each id where it was first seen. */
  readonly #since = new Map<string, string>();
  readonly #certain = new Map<string, Finding>();
  /** Findings before the first step; that evidence comes once. */
  #preflight: readonly Finding[] = [];
  #diagnoses: readonly Diagnosis[] = [];
  #told: string | undefined;

  constructor({ ignore = [] }: DoctorOptions = {}) {
    this.#ignored = new Set(ignore);
  }

  /** Takes an event in. The new list when it is another one than before, to be told; undefined when nothing changed. */
  see(event: TrainEvent): readonly Diagnosis[] | undefined {
    const history = this.#history;
    if (!history.take(event)) return undefined;
    if (event.type === "evidence") {
      const { kind } = event.evidence;
      if (kind === "data" || kind === "model")
        this.#preflight = [...this.#preflight, ...this.#lookBefore(event.evidence)];
    }
    const running = RUN_CHECKS.flatMap((check) => check(history));
    const all = [...this.#preflight, ...running].map((finding) => this.#dated(finding));
    for (const finding of all) if (finding.certainty === "certain") this.#certain.set(finding.id, finding);
    this.#diagnoses = diagnose([...all, ...this.#certain.values()], this.#ignored);
    const told = signature(this.#diagnoses);
    // That there is nothing is told once, when data and network were looked at.
    const isEarly = history.steps === 0 && history.model === undefined;
    if (this.#told === undefined && this.#diagnoses.length === 0 && isEarly) return undefined;
    if (told === this.#told) return undefined;
    this.#told = told;
    return this.#diagnoses;
  }

  /** One entry for each cause, the gravest first. */
  diagnoses(): readonly Diagnosis[] {
    return this.#diagnoses;
  }

  /** What makes it useless to go on: a cause that is fatal and certain. */
  shouldStop(): Diagnosis | undefined {
    return this.#diagnoses.find(({ severity, certainty }) => severity === "fatal" && certainty === "certain");
  }

  #lookBefore(evidence: Extract<TrainEvent, { type: "evidence" }>["evidence"]): Finding[] {
    if (evidence.kind === "data") return DATA_CHECKS.flatMap((check) => check(evidence.data) ?? []);
    if (evidence.kind === "model") return MODEL_CHECKS.flatMap((check) => check(evidence) ?? []);
    return [];
  }

  #dated(finding: Finding): Finding {
    const { last, steps } = this.#history;
    const now = steps === 0 ? "before the first step" : `step ${last!.step}`;
    const since = this.#since.get(finding.id) ?? finding.since ?? now;
    this.#since.set(finding.id, since);
    return { ...finding, since };
  }
}

/** Changes with what a person would want to be told again: causes, how grave and sure they are, and what they explain. */
const signature = (diagnoses: readonly Diagnosis[]): string =>
  JSON.stringify(
    diagnoses.map(({ id, severity, certainty, symptoms }) => [
      id,
      severity,
      certainty,
      symptoms.map((each) => each.id),
    ]),
  );
