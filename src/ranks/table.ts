import type { GroupMemory } from "./group-memory";

/** What a table needs of its group. */
interface TableHooks {
  /** Notes that work was done; throws when the group was aborted. */
  readonly work: () => void;
  /** A barrier, at which the ranks must mean the same table and number of rows. */
  readonly meet: (rows: number) => void;
  readonly fail: (rank: number, text: string) => never;
}

const RANKS = 64;

/**
 * An all-gather: rows that ranks write each at its own place, each row once, whoever writes it. The result is the same for
 * every number of ranks; nothing is padded, added or reordered. Numbers that are not finite stay what they are.
 */
export class Table {
  readonly #data: Float32Array | Float64Array;
  readonly #writers: Int32Array;
  readonly #columns: number;
  #rows = 0;
  #round = 0;

  /** Made by `ProcessGroup.table`. */
  constructor(
    readonly name: string,
    private readonly rank: number,
    memory: GroupMemory,
    private readonly hooks: TableHooks,
  ) {
    const { columns, type } = memory.tables[name];
    const data = memory.tableData[name];
    this.#data = type === "f32" ? new Float32Array(data) : new Float64Array(data);
    this.#writers = new Int32Array(memory.tableRows[name]);
    this.#columns = columns;
  }

  /** Called by `ProcessGroup.table`, by every rank equally often. */
  begin(rows: number): void {
    this.#rows = rows;
    this.#round++;
  }

  /** Writes one row. Never blocks. Throws, for all ranks, when the row was written already or is none of the table's. */
  write(row: number, values: ArrayLike<number>): void {
    if (!(Number.isInteger(row) && row >= 0 && row < this.#rows)) {
      throw new Error(`rank ${this.rank}: row ${row} of table "${this.name}", expected 0 to ${this.#rows - 1}`);
    }
    if (values.length !== this.#columns) {
      throw new Error(
        `rank ${this.rank}: row ${row} of table "${this.name}" has ${values.length} numbers, expected ${this.#columns}`,
      );
    }
    const before = Atomics.exchange(this.#writers, row, RANKS * this.#round + this.rank + 1);
    if (Math.floor(before / RANKS) === this.#round) {
      const ranks = `by rank ${(before % RANKS) - 1} and by rank ${this.rank}`;
      this.hooks.fail(this.rank, `row ${row} of table "${this.name}" was written twice, ${ranks}`);
    }
    this.#data.set(values, row * this.#columns);
    this.hooks.work();
  }

  /**
   * All rows, [rows, columns], in shared memory: to be read before the table is begun again, and never written to. Returns
   * once every rank has called it. Blocks. Throws, on every rank, when a row was written by nobody.
   */
  finish(): Float32Array | Float64Array {
    this.hooks.meet(this.#rows);
    let missing = 0;
    let first = -1;
    for (let row = 0; row < this.#rows; row++) {
      if (Math.floor(Atomics.load(this.#writers, row) / RANKS) === this.#round) continue;
      if (missing++ === 0) first = row;
    }
    if (missing > 0) {
      const text = `${missing} of ${this.#rows} rows of table "${this.name}" were written by no rank, the first is ${first}`;
      this.hooks.fail(-1, text);
    }
    return this.#data.subarray(0, this.#rows * this.#columns);
  }
}
