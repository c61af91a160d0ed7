/** An evaluation that 1 to n ranks share: each judges its own samples, then all have all of them. Knows no network. */
import { sequenceOf } from "../data/split";
import { Evaluation, type EvaluationReport } from "../metrics/evaluation";
import { judgeSample, type Modality } from "../metrics/sample-scores";
import type { SharedTable, TrainGroup } from "./ranks";
import { readScoreRow, SCORE_COLUMNS, scoreRow, TERMS } from "./score-rows";

/** What the network says of one sample, and what is known of it; metres, the crop's camera frame. */
export interface Predicted {
  readonly id: string;
  /** What the network was shown. */
  readonly modality: Modality;
  readonly joints: Float32Array; // [21, 3]
  readonly vertices: Float32Array; // [V, 3]
  readonly truthJoints: Float64Array; // [21, 3]
  /** The annotated hand's mesh [V, 3] at the true wrist; undefined where the sample has no MANO parameters. */
  readonly truthVertices: Float32Array | undefined;
  /** Unweighted terms of the loss. */
  readonly terms: Readonly<Record<string, number>>;
}

/** A sample in every way in which it was shown. */
export interface PredictedSample {
  /** Its number among all samples of the evaluation: its row. */
  readonly place: number;
  readonly given: Predicted;
  /** Undefined where the sample has no depth image or was not to be shown without it. */
  readonly withoutDepth: Predicted | undefined;
}

/** What a gathering needs of the ranks that share it. */
export type GatherGroup = Pick<TrainGroup, "rank" | "worldSize" | "table" | "beat">;

/** Size of a table that ranks fill together. */
interface TableSize {
  readonly rows: number;
  readonly columns: number;
  readonly type: "f32" | "f64";
}

const JOINTS = 21;
/** Rows that are read between two signs of life: some milliseconds. */
const BEAT_ROWS = 512;

/** What an evaluation gathers besides the scores. */
export interface GatheredToo {
  /** Predictions of this number of vertices. */
  readonly vertices?: number;
  /** This number of figures of the caller's own. */
  readonly measures?: number;
}

/**
 * The tables that a group needs for evaluations of `samples` samples: "scores", and where they are wanted "predictions" and
 * "measures". Bytes of a sample: 8 SCORE_COLUMNS (about 1.5 KiB), 4 (63 + 3 V) (9.4 KiB of MANO's 778) and 8 for each measure.
 */
export function evaluationTables(
  samples: number,
  { vertices, measures }: GatheredToo = {},
): Readonly<Record<string, TableSize>> {
  const table = (columns: number, type: TableSize["type"]): TableSize => ({ rows: samples, columns, type });
  return {
    scores: table(SCORE_COLUMNS, "f64"),
    ...(vertices !== undefined && { predictions: table(3 * (JOINTS + vertices), "f32") }),
    ...(measures !== undefined && { measures: table(measures, "f64") }),
  };
}

/** The batches that a rank predicts, in ascending order; none where there are fewer batches than ranks. */
export function batchesOf({ rank, worldSize }: Pick<GatherGroup, "rank" | "worldSize">, batches: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((batches - rank) / worldSize)) }, (_, i) => rank + i * worldSize);
}

/** A group of one rank, whose tables are rows of its own. */
export function alone(tables: Readonly<Record<string, TableSize>>): GatherGroup {
  const table = (name: string, rows: number): SharedTable => plainTable(name, { ...tables[name], rows });
  return { rank: 0, worldSize: 1, table, beat: () => undefined };
}

function plainTable(name: string, { rows, columns, type }: TableSize): SharedTable {
  const data = type === "f32" ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
  const written = new Uint8Array(rows);
  return {
    write(row, values) {
      if (!(Number.isInteger(row) && row >= 0 && row < rows))
        throw new Error(`row ${row} of table "${name}", expected 0 to ${rows - 1}`);
      if (values.length !== columns)
        throw new Error(`row ${row} of table "${name}" has ${values.length} numbers, expected ${columns}`);
      if (written[row] === 1) throw new Error(`row ${row} of table "${name}" was written twice`);
      written[row] = 1;
      data.set(values, row * columns);
    },
    finish() {
      const missing = written.filter((each) => each === 0).length;
      if (missing === 0) return data;
      throw new Error(
        `${missing} of ${rows} rows of table "${name}" were not written, the first is ${written.indexOf(0)}`,
      );
    },
  };
}

/** What is gathered, and how it is counted. */
export interface GatherOptions {
  /** Absent: one rank, without shared memory. */
  readonly group?: GatherGroup;
  readonly quirks?: ReadonlySet<string>;
  /** Further figures of each sample, `columns` numbers from its prediction and the true mesh that it is scored against. */
  readonly measure?: { readonly columns: number; readonly of: (sample: Predicted) => ArrayLike<number> };
  /** True mesh [V, 3] of a sample in metres where the data set brings one, camera frame. */
  readonly truthVertices?: (id: string) => Promise<Float32Array | undefined>;
  /** Samples come without their depth as well: the figures of "RGB" are over all of those, and of those that have no depth. */
  readonly alsoWithoutDepth?: boolean;
  /** Gathers the predictions too, of this number of vertices. */
  readonly vertices?: number;
  /** Hears of the rows of all samples [samples, SCORE_COLUMNS] in order, in memory that is used again afterwards. */
  readonly onRows?: (rows: Float32Array | Float64Array) => void;
}

/** A prediction of any rank; metres, the crop's camera frame. */
export interface GatheredPrediction {
  readonly id: string;
  readonly joints: Float32Array; // [21, 3]
  readonly vertices: Float32Array; // [V, 3]
}

export interface Gathered {
  readonly report: EvaluationReport;
  /** Means of the loss's terms over samples. */
  readonly terms: Readonly<Record<string, number>>;
  /** Of every sample in order; empty unless they were asked for. */
  readonly predictions: readonly GatheredPrediction[];
  /** What `measure` said of every sample in order, [samples, columns]. */
  readonly measures: ArrayLike<number>;
}

/**
 * Judges this rank's samples as they come, puts each at its place in a table and averages over the whole table in order of
 * place, so that every rank has the same bits, whatever the number of ranks. `ids` are the samples of all ranks. Blocks until
 * all ranks are here. Throws a sentence when a sample is not the one of its place, has two rows or none.
 */
export async function gather(
  samples: AsyncIterable<PredictedSample>,
  ids: readonly string[],
  meanPose: Float64Array,
  options: GatherOptions = {},
): Promise<Gathered> {
  const { quirks = new Set<string>(), vertices, measure } = options;
  const group = options.group ?? alone(evaluationTables(ids.length, { vertices, measures: measure?.columns }));
  const judging = { meanPose, nanAsZero: quirks.has("nan-as-zero") };
  const scores = group.table("scores", ids.length);
  const predictions = vertices === undefined ? undefined : group.table("predictions", ids.length);
  const measures = measure && group.table("measures", ids.length);
  const judge = (sample: Predicted): ReturnType<typeof judgeSample> => {
    const { id, modality, joints, truthJoints, truthVertices } = sample;
    const meshes = truthVertices && { vertices: sample.vertices, truthVertices };
    return judgeSample({ id, modality, sequence: sequenceOf(id), joints, truthJoints, ...meshes }, judging);
  };
  for await (const { place, given, withoutDepth } of samples) {
    requirePlace(place, given.id, ids);
    const truthVertices = (await options.truthVertices?.(given.id)) ?? given.truthVertices;
    const second = withoutDepth && judge({ ...withoutDepth, truthVertices });
    const row = { given: judge({ ...given, truthVertices }), withoutDepth: second, terms: given.terms };
    scores.write(place, scoreRow(row));
    predictions?.write(place, predictionRow(given));
    if (measure) measures?.write(place, measure.of({ ...given, truthVertices }));
  }
  const rows = scores.finish();
  options.onRows?.(rows);
  const counted = countedPlaces(ids.length, group.worldSize, quirks);
  return {
    ...summarise(rows, ids, counted, options.alsoWithoutDepth ?? false, () => group.beat()),
    predictions: predictions ? readPredictions(predictions.finish(), ids) : [],
    measures: measures ? Float64Array.from(measures.finish()) : [],
  };
}

/** Gathers predictions alone, where nothing is known to score them against; otherwise as `gather`. */
export async function gatherPredictions(
  samples: AsyncIterable<PredictedSample>,
  ids: readonly string[],
  vertices: number,
  group: GatherGroup = alone(evaluationTables(ids.length, { vertices })),
): Promise<GatheredPrediction[]> {
  const table = group.table("predictions", ids.length);
  for await (const { place, given } of samples) {
    requirePlace(place, given.id, ids);
    table.write(place, predictionRow(given));
  }
  return readPredictions(table.finish(), ids);
}

function requirePlace(place: number, id: string, ids: readonly string[]): void {
  if (ids[place] !== id)
    throw new Error(`evaluation: sample "${id}" came for place ${place} of ${ids.length}, which is of "${ids[place]}"`);
}

/** The rows that count, in order: each once. */
function countedPlaces(samples: number, ranks: number, quirks: ReadonlySet<string>): number[] {
  const perRank = Math.ceil(samples / ranks);
  // quirk val-padded: the first samples come again until all ranks have the same number, and count again.
  const length = quirks.has("val-padded") ? perRank * ranks : samples;
  const places = Array.from({ length }, (_, i) => i % samples);
  // quirk val-rank0-only: the first rank reports those that a sampler would have dealt to it, as if they were all.
  return quirks.has("val-rank0-only") ? places.filter((_, i) => i % ranks === 0) : places;
}

function summarise(
  rows: Float32Array | Float64Array,
  ids: readonly string[],
  places: readonly number[],
  alsoWithoutDepth: boolean,
  beat: () => void,
): Pick<Gathered, "report" | "terms"> {
  const evaluation = new Evaluation();
  const imageOnly = new Evaluation();
  const sums = new Map(TERMS.map((name) => [name, 0]));
  for (const [i, place] of places.entries()) {
    if (i % BEAT_ROWS === 0) beat();
    const row = rows.subarray(place * SCORE_COLUMNS, (place + 1) * SCORE_COLUMNS);
    const { given, withoutDepth, terms } = readScoreRow(row, ids[place], sequenceOf(ids[place]));
    evaluation.take(given);
    const shownWithout = withoutDepth ?? (given.place.modality === "RGB" ? given : undefined);
    if (shownWithout) imageOnly.take(shownWithout);
    for (const name of TERMS) sums.set(name, sums.get(name)! + terms[name]);
  }
  const report = evaluation.report(beat);
  const RGB = alsoWithoutDepth ? imageOnly.summary({}, beat) : report.modalities.RGB;
  const terms = Object.fromEntries(TERMS.map((name) => [name, sums.get(name)! / places.length]));
  return { report: { ...report, modalities: { ...report.modalities, RGB } }, terms };
}

function predictionRow({ joints, vertices }: Predicted): Float32Array {
  const row = new Float32Array(joints.length + vertices.length);
  row.set(joints);
  row.set(vertices, joints.length);
  return row;
}

/** Copies: the table's memory is shared and used again. */
function readPredictions(rows: Float32Array | Float64Array, ids: readonly string[]): GatheredPrediction[] {
  const columns = rows.length / ids.length;
  return ids.map((id, place) => {
    const row = Float32Array.from(rows.subarray(place * columns, (place + 1) * columns));
    return { id, joints: row.subarray(0, 3 * JOINTS), vertices: row.subarray(3 * JOINTS) };
  });
}
