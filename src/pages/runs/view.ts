/** How the charts of the training page are looked at, as signals, and as a part of the address. Knows no component. */
import { batch, computed, type Signal, signal } from "@preact/signals";
import type { LossName } from "../../train/events";
import { LOSS_NAMES } from "../history";
import type { Axis } from "./curves";
import type { Range } from "./plot";
import { SORT_KEYS, type Sort } from "./rows";

/** What the lower part of the training page shows. */
export type PanelName = "log" | "runs" | "evaluation" | "gallery" | "ranks" | "doctor";

export const PANELS: readonly PanelName[] = ["log", "runs", "evaluation", "gallery", "ranks", "doctor"];
export const AXES: readonly Axis[] = ["step", "epoch", "time"];

/** More would be colours that nobody tells apart. */
export const MOST_OVERLAYS = 7;

/** What of a view stands in the address. */
export interface ViewState {
  readonly axis: Axis;
  /** Weight of the past in the moving average, 0 to 0.99. */
  readonly smoothing: number;
  readonly isLog: boolean;
  /** Names of stored runs drawn beside the run at hand. */
  readonly overlays: readonly string[];
  readonly panel: PanelName;
  readonly zoom: Range | undefined;
  /** Loss terms that are not drawn. */
  readonly hidden: readonly LossName[];
  /** Tables in place of charts. */
  readonly isTable: boolean;
  /** What is drawn over the crop, and whether depth takes the place of colour. */
  readonly isMesh: boolean;
  readonly isDepth: boolean;
  /** Part of a name, a tag or the data that rows of the table of runs must have. */
  readonly filter: string;
  readonly sort: Sort;
  /** The stored run whose details are open. */
  readonly chosen: string | undefined;
}

export const DEFAULT_VIEW: ViewState = {
  axis: "step",
  smoothing: 0.6,
  isLog: true,
  overlays: [],
  panel: "log",
  zoom: undefined,
  hidden: [],
  isTable: false,
  isMesh: false,
  isDepth: false,
  filter: "",
  sort: { key: "savedAt", isDown: true },
  chosen: undefined,
};

const MOST_SMOOTHING = 0.99;
const OVER = ["mesh", "depth"] as const;
const OVER_KEYS = { mesh: "isMesh", depth: "isDepth" } as const;

/** Parameters of the address that say how the page is looked at: "x=epoch". Those of defaults are left out. */
export function viewParams(view: ViewState): [string, string][] {
  const params: [string, string][] = [];
  if (view.axis !== DEFAULT_VIEW.axis) params.push(["x", view.axis]);
  if (view.smoothing !== DEFAULT_VIEW.smoothing) params.push(["smooth", String(view.smoothing)]);
  if (view.isLog !== DEFAULT_VIEW.isLog) params.push(["log", view.isLog ? "1" : "0"]);
  if (view.panel !== DEFAULT_VIEW.panel) params.push(["panel", view.panel]);
  if (view.zoom !== undefined) params.push(["zoom", view.zoom.map((x) => Number(x.toPrecision(6))).join("~")]);
  if (view.hidden.length > 0) params.push(["hide", view.hidden.join("~")]);
  if (view.isTable !== DEFAULT_VIEW.isTable) params.push(["table", "1"]);
  const over = OVER.filter((name) => view[OVER_KEYS[name]]);
  if (over.length > 0) params.push(["over", over.join("~")]);
  for (const run of view.overlays) params.push(["run", run]);
  const { key, isDown } = view.sort;
  if (key !== DEFAULT_VIEW.sort.key || isDown !== DEFAULT_VIEW.sort.isDown)
    params.push(["sort", `${isDown ? "-" : ""}${key}`]);
  if (view.filter !== "") params.push(["find", view.filter]);
  if (view.chosen !== undefined) params.push(["open", view.chosen]);
  return params;
}

/** Takes one parameter into `view`; undefined where it is none of a view's, else the sentence on what is wrong with it or "". */
export function readViewParam(
  name: string,
  value: string,
  view: { -readonly [Key in keyof ViewState]?: ViewState[Key] },
): string | undefined {
  const wrong = (expected: string): string => `The address has ${name}=${value}, expected ${expected}.`;
  const isOneOf = <Name extends string>(names: readonly Name[], text: string): text is Name =>
    (names as readonly string[]).includes(text);
  switch (name) {
    case "x":
      if (!isOneOf(AXES, value)) return wrong(AXES.join(", "));
      view.axis = value;
      return "";
    case "smooth": {
      const weight = Number(value);
      if (value === "" || !(weight >= 0 && weight <= MOST_SMOOTHING))
        return wrong(`a number from 0 to ${MOST_SMOOTHING}`);
      view.smoothing = weight;
      return "";
    }
    case "log":
      if (value !== "0" && value !== "1") return wrong("1 or 0");
      view.isLog = value === "1";
      return "";
    case "panel":
      if (!isOneOf(PANELS, value)) return wrong(PANELS.join(", "));
      view.panel = value;
      return "";
    case "zoom": {
      const [from, to] = value.split("~").map(Number);
      if (!(Number.isFinite(from) && to > from)) return wrong("two numbers as 10~200");
      view.zoom = [from, to];
      return "";
    }
    case "hide": {
      const names = value.split("~");
      if (!names.every((each) => isOneOf(LOSS_NAMES, each))) return wrong(`names of ${LOSS_NAMES.join(", ")}`);
      view.hidden = names as LossName[];
      return "";
    }
    case "table":
      if (value !== "0" && value !== "1") return wrong("1 or 0");
      view.isTable = value === "1";
      return "";
    case "over": {
      const names = value.split("~");
      if (!names.every((each) => isOneOf(OVER, each))) return wrong(`names of ${OVER.join(", ")}`);
      for (const name of OVER) view[OVER_KEYS[name]] = names.includes(name);
      return "";
    }
    case "sort": {
      const key = value.replace(/^-/, "");
      if (!isOneOf(SORT_KEYS, key))
        return wrong(`one of ${SORT_KEYS.join(", ")}, with "-" before it to begin at the top`);
      view.sort = { key, isDown: value.startsWith("-") };
      return "";
    }
    case "find":
      view.filter = value;
      return "";
    case "open":
      if (value === "" || value.includes("//")) return wrong("the name of a stored run");
      view.chosen = value;
      return "";
    case "run":
      if (value === "" || value.includes("//")) return wrong("the name of a stored run");
      if ((view.overlays ?? []).length >= MOST_OVERLAYS) return `The address names more than ${MOST_OVERLAYS} runs.`;
      view.overlays = [...(view.overlays ?? []).filter((each) => each !== value), value];
      return "";
    default:
      return undefined;
  }
}

/** One per page. */
export class ChartView {
  readonly axis = signal<Axis>(DEFAULT_VIEW.axis);
  readonly smoothing = signal(DEFAULT_VIEW.smoothing);
  readonly isLog = signal(DEFAULT_VIEW.isLog);
  readonly overlays = signal<readonly string[]>(DEFAULT_VIEW.overlays);
  readonly panel = signal<PanelName>(DEFAULT_VIEW.panel);
  readonly zoom = signal<Range | undefined>(undefined);
  readonly hidden = signal<readonly LossName[]>([]);
  readonly isTable = signal(DEFAULT_VIEW.isTable);
  readonly isMesh = signal(DEFAULT_VIEW.isMesh);
  readonly isDepth = signal(DEFAULT_VIEW.isDepth);
  readonly filter = signal(DEFAULT_VIEW.filter);
  readonly sort = signal<Sort>(DEFAULT_VIEW.sort);
  readonly chosen = signal<string | undefined>(undefined);
  /** The x that is pointed at on one of the charts; in no address. */
  readonly cursor = signal<number | undefined>(undefined);
  /** The rank whose times are drawn; in no address, as runs differ in it. */
  readonly rank = signal<number | "mean">("mean");

  readonly state = computed<ViewState>(() => ({
    axis: this.axis.value,
    smoothing: this.smoothing.value,
    isLog: this.isLog.value,
    overlays: this.overlays.value,
    panel: this.panel.value,
    zoom: this.zoom.value,
    hidden: this.hidden.value,
    isTable: this.isTable.value,
    isMesh: this.isMesh.value,
    isDepth: this.isDepth.value,
    filter: this.filter.value,
    sort: this.sort.value,
    chosen: this.chosen.value,
  }));

  /** Takes over what an address says; the rest stays. */
  take(view: Partial<ViewState>): void {
    const set = <Key extends keyof ViewState>(key: Key): void => {
      const value = view[key];
      if (value !== undefined) (this[key] as Signal<ViewState[Key]>).value = value;
    };
    batch(() => {
      for (const key of Object.keys(DEFAULT_VIEW) as (keyof ViewState)[]) set(key);
    });
  }

  /** Another axis; a zoom of the old one means nothing on it. */
  chooseAxis(axis: Axis): void {
    this.zoom.value = undefined;
    this.cursor.value = undefined;
    this.axis.value = axis;
  }

  toggleTerm(name: LossName): void {
    const others = this.hidden.value.filter((each) => each !== name);
    this.hidden.value = others.length < this.hidden.value.length ? others : [...others, name];
  }

  /** Draws a stored run, or draws it no more. False where there are too many already. */
  toggleOverlay(run: string): boolean {
    const others = this.overlays.value.filter((each) => each !== run);
    if (others.length === this.overlays.value.length && others.length >= MOST_OVERLAYS) return false;
    this.overlays.value = others.length < this.overlays.value.length ? others : [...others, run];
    return true;
  }
}
