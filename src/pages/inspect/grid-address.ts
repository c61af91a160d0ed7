/** What of the table of samples stands in the address: `#/inspect?split=val&sort=mpjpe_mm&dir=down&range=occlusion~0.5~`. Pure. */
import type { SplitName } from "../../train/inspect/types";
import { BY_PLACE, type Filters, type ModalityFilter, type Sort, type ValueRange } from "./grid-select";
import { COLUMN_NAMES } from "./grid-table";

/** What is drawn over thumbnails. */
export const GRID_OVERLAYS = ["truth", "predicted", "mesh", "depth", "heat"] as const;
export type GridOverlay = (typeof GRID_OVERLAYS)[number];

/** Rows of a thumbnail, CSS pixels. */
export const TILE_SIZES = [96, 128, 192] as const;
export type TileSize = (typeof TILE_SIZES)[number];

/** How the table of samples is looked at. */
export interface GridView {
  /** Name of a stored run; undefined: the run of this tab. */
  readonly run: string | undefined;
  /** undefined: the usual one. */
  readonly sort: Sort | undefined;
  readonly filters: Filters;
  readonly tile: TileSize;
  readonly overlays: readonly GridOverlay[];
}

/** As far as an address says it. */
export interface GridAddress {
  readonly run?: string;
  readonly by?: string;
  readonly isDescending?: boolean;
  readonly sequences?: readonly string[];
  readonly modality?: ModalityFilter;
  readonly ranges?: Readonly<Record<string, ValueRange>>;
  readonly tile?: TileSize;
  readonly overlays?: readonly GridOverlay[];
}

export const USUAL_OVERLAYS: readonly GridOverlay[] = ["truth", "predicted"];
export const USUAL_TILE: TileSize = 128;

type Writable = { -readonly [Key in keyof GridAddress]: GridAddress[Key] };

const SORTS = [BY_PLACE, ...COLUMN_NAMES];

/** An empty end is open. */
function readRange(text: string): readonly [string, ValueRange] | undefined {
  const [name, low, high, ...more] = text.split("~");
  if (!COLUMN_NAMES.includes(name) || low === undefined || high === undefined || more.length > 0) return undefined;
  const range = [
    low === "" ? Number.NEGATIVE_INFINITY : Number(low),
    high === "" ? Number.POSITIVE_INFINITY : Number(high),
  ] as const;
  return range[0] < range[1] ? [name, range] : undefined;
}

/**
 * Takes one parameter into `address`. Returns undefined when it is not one of the table's, "" when it was taken, else a sentence on
 * what was expected.
 */
export function readGridParam(name: string, value: string, address: Writable): string | undefined {
  const wrong = (expected: string): string => `The address has ${name}=${value}, expected ${expected}.`;
  switch (name) {
    case "run":
      if (value === "") return wrong("the name of a stored run");
      address.run = value;
      return "";
    case "sort":
      if (!SORTS.includes(value)) return wrong(`one of ${SORTS.join(", ")}`);
      address.by = value;
      return "";
    case "dir":
      if (value !== "up" && value !== "down") return wrong("up or down");
      address.isDescending = value === "down";
      return "";
    case "seq":
      address.sequences = [...(address.sequences ?? []), value];
      return "";
    case "modality":
      if (value !== "rgb" && value !== "rgbd") return wrong("rgb or rgbd");
      address.modality = value;
      return "";
    case "range": {
      const range = readRange(value);
      if (range === undefined) return wrong("a column and two numbers as mpjpe_mm~20~55");
      address.ranges = { ...address.ranges, [range[0]]: range[1] };
      return "";
    }
    case "tile": {
      const tile = TILE_SIZES.find((each) => String(each) === value);
      if (tile === undefined) return wrong(TILE_SIZES.join(", "));
      address.tile = tile;
      return "";
    }
    case "over": {
      const names = value === "" ? [] : value.split("~");
      const overlays = GRID_OVERLAYS.filter((each) => names.includes(each));
      if (overlays.length !== names.length) return wrong(`names of ${GRID_OVERLAYS.join(", ")}`);
      address.overlays = overlays;
      return "";
    }
    default:
      return undefined;
  }
}

/** The view that an address stands for; what it does not say is as usual. */
export function viewOfAddress(address: GridAddress): GridView {
  const { run, by, isDescending = true, sequences = [], modality = "all", ranges = {} } = address;
  return {
    run,
    sort: by === undefined ? undefined : { by, isDescending },
    filters: { sequences, modality, ranges },
    tile: address.tile ?? USUAL_TILE,
    overlays: address.overlays ?? USUAL_OVERLAYS,
  };
}

/** Parameters that say which samples the table shows in which order; what is as usual is left out. */
export function orderParams({ sort, filters }: Pick<GridView, "sort" | "filters">): (readonly [string, string])[] {
  return [
    ...(sort === undefined
      ? []
      : ([
          ["sort", sort.by],
          ["dir", sort.isDescending ? "down" : "up"],
        ] as const)),
    ...filters.sequences.map((name) => ["seq", name] as const),
    ...(filters.modality === "all" ? [] : [["modality", filters.modality] as const]),
    ...Object.entries(filters.ranges).map(
      ([name, ends]) =>
        ["range", [name, ...ends.map((end) => (Number.isFinite(end) ? String(end) : ""))].join("~")] as const,
    ),
  ];
}

/** The address of the table; what is as usual is left out, and "#/inspect" says nothing. */
export function gridAddress(split: SplitName, { run, sort, filters, tile, overlays }: GridView): string {
  const params = new URLSearchParams({ split });
  if (run !== undefined) params.set("run", run);
  for (const [name, value] of orderParams({ sort, filters })) params.append(name, value);
  if (tile !== USUAL_TILE) params.set("tile", String(tile));
  if (overlays.join() !== USUAL_OVERLAYS.join()) params.set("over", overlays.join("~"));
  return `#/inspect?${params}`;
}
