import { signal } from "@preact/signals";
import type { ViewName } from "./camera";
import type { Shows } from "./scene";

/** What the person chose in a viewer; outlives the sample, and the page when the page keeps it. */
export class ViewerState {
  readonly view = signal<ViewName>("orbit");
  /** Names of hands that are switched off. */
  readonly hidden = signal<readonly string[]>([]);
  readonly shows = signal<Shows>({ mesh: true, bones: true, wires: false, heat: true, opacity: 1 });

  set(change: Partial<Shows>): void {
    this.shows.value = { ...this.shows.value, ...change };
  }

  isShown(name: string): boolean {
    return !this.hidden.value.includes(name);
  }

  showHand(name: string, isShown: boolean): void {
    const others = this.hidden.value.filter((each) => each !== name);
    this.hidden.value = isShown ? others : [...others, name];
  }
}
