/** Which samples a run has kept, as the page knows it. */
import { signal } from "@preact/signals";
import type { RankApi } from "../../ranks/api";
import { keptName, keptPlace } from "../../train/inspect/kept-place";
import type { KeptPlace, LookView, SplitName, WhatIf } from "../../train/inspect/types";
import { messageOf } from "../store";

export class KeptSamples {
  /** Of the run that was asked for last. */
  readonly #kept = signal<{ readonly run: string; readonly names: ReadonlySet<string> } | undefined>(undefined);

  /** `tell` hears a sentence when those of a run cannot be listed. */
  constructor(
    private readonly rank: Pick<RankApi, "keptLooks" | "keepLook" | "dropLook">,
    private readonly tell: (sentence: string) => void,
  ) {}

  /** Names, "val-12"; none for another run than the one that was asked for. */
  namesOf(run: string | undefined): ReadonlySet<string> {
    const kept = this.#kept.value;
    return kept === undefined || kept.run !== run ? new Set() : kept.names;
  }

  /** Whether `find` has been called for that run last. */
  isKnown(run: string): boolean {
    return this.#kept.peek()?.run === run;
  }

  has(run: string | undefined, place: KeptPlace): boolean {
    return this.namesOf(run).has(keptName(place));
  }

  /** Places of a split, ascending. */
  placesOf(run: string | undefined, split: SplitName): readonly number[] {
    const places = [...this.namesOf(run)].flatMap((name) => keptPlace(name) ?? []);
    return places
      .filter((each) => each.split === split)
      .map(({ index }) => index)
      .sort((a, b) => a - b);
  }

  /** Asks for those of a run; none, and a sentence, where they cannot be listed. */
  async find(run: string): Promise<void> {
    const places = await this.rank.keptLooks(run).catch((error): KeptPlace[] => {
      this.tell(`The kept samples of "${run}" could not be listed, so none has its star: ${messageOf(error)}`);
      return [];
    });
    this.#kept.value = { run, names: new Set(places.map(keptName)) };
  }

  forget(): void {
    this.#kept.value = undefined;
  }

  /** Keeps what is shown among its run's files, or forgets it there. Rejects as the storage does. */
  async toggle(run: string, view: LookView, whatIf: WhatIf): Promise<void> {
    try {
      if (this.has(run, view)) await this.rank.dropLook(run, { split: view.split, index: view.index });
      else await this.rank.keepLook(run, view, { run, whatIf, keptBy: "person" });
    } finally {
      await this.find(run);
    }
  }
}
