import { computed, signal } from "@preact/signals";
import { kernelRows } from "../../verify/report";
import type { Check, VerifyReport } from "../../verify/types";

export interface VerifyChoices {
  /** Only ops whose name contains this; all for "". */
  readonly only: string;
  /** Compare and time with what gpu.js makes of the formulas on WebGPU. */
  readonly hasBaseline: boolean;
  /** Also the kernels that are for other adapters than this one. */
  readonly hasAllStyles: boolean;
}

/** What the page shows: one run at a time, its checks as they come. */
export class VerifyState {
  readonly hasBaseline = signal(true);
  readonly isRunning = signal(false);
  readonly progress = signal({ done: 0, total: 0, what: "" });
  readonly adapter = signal<string | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly checks = signal<readonly Check[]>([]);
  readonly report = signal<VerifyReport | undefined>(undefined);
  readonly isFailedOnly = signal(false);
  /** Kernel whose texts and checks are shown. */
  readonly chosen = signal<string | undefined>(undefined);
  readonly rows = computed(() => kernelRows(this.checks.value));
  #cancel = new AbortController();

  constructor(private readonly choices: VerifyChoices) {
    this.hasBaseline.value = choices.hasBaseline;
  }

  /** Runs all cases; whatever stops it becomes a sentence in `problem`. */
  async start(): Promise<void> {
    if (this.isRunning.value) return;
    this.#cancel = new AbortController();
    this.isRunning.value = true;
    this.problem.value = undefined;
    this.report.value = undefined;
    this.checks.value = [];
    this.chosen.value = undefined;
    try {
      // Loaded on demand: the page says what it is before gpu.js and the cases are here.
      const { verifyOnDevice } = await import("../../verify/on-this-device");
      let found: Check[] = [];
      this.report.value = await verifyOnDevice(navigator.gpu, {
        ...this.choices,
        hasBaseline: this.hasBaseline.value,
        host: navigator.userAgent,
        signal: this.#cancel.signal,
        onDevice: (adapter) => (this.adapter.value = adapter),
        onCheck: (check) => found.push(check),
        onProgress: async (done, total, what) => {
          this.progress.value = { done, total, what };
          this.checks.value = [...this.checks.value, ...found];
          found = [];
          // Lets the page draw and hear a click between two cases.
          await new Promise((resolve) => setTimeout(resolve));
        },
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.problem.value = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
    } finally {
      this.isRunning.value = false;
    }
  }

  /** Ends the run after the case at hand; what was checked stays. */
  cancel(): void {
    this.#cancel.abort();
  }
}
