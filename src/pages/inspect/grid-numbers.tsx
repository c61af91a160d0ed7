/** All that is known of one sample in numbers. */
import { Dialog } from "../widgets/dialog";
import { sampleAddress } from "./address";
import { written } from "./grid-paint";
import type { GridState } from "./grid-state";
import { columnInfo, columnsAtHand, type GridTable, MODALITIES } from "./grid-table";
import { OpenRun } from "./open-run";

interface NumbersProps {
  readonly grid: GridState;
  readonly table: GridTable;
}

/** One line below the grid: the sample in focus. */
export function FocusNumbers({ grid, table }: NumbersProps) {
  const place = grid.focus.value;
  if (place === undefined || place >= table.ids.length) {
    return <p class="grid-focus dim">Arrow keys choose a sample, Enter opens it.</p>;
  }
  return (
    <p class="grid-focus num">
      <strong>{place}</strong> <span>{table.ids[place]}</span>
      {numbersOf(table, place).map(([label, value]) => (
        <span key={label}>
          <span class="dim">{label}</span> {value}
        </span>
      ))}
    </p>
  );
}

function numbersOf(table: GridTable, place: number): (readonly [string, string])[] {
  return columnsAtHand(table).flatMap((name) => {
    const value = written(name, table.columns.get(name)?.[place]);
    return value === "–" ? [] : [[columnInfo(name).label, value] as const];
  });
}

/** The numbers of a sample of a stored run, whose stages cannot be computed here. */
export function NumbersDialog({ grid, table }: NumbersProps) {
  const place = grid.numbersOf.value;
  const source = grid.source.value;
  if (place === undefined) return null;
  return (
    <Dialog
      title={`Sample ${place}, ${table.ids[place]}`}
      onClose={() => {
        grid.numbersOf.value = undefined;
      }}
    >
      <dl class="grid-numbers">
        <div>
          <dt>Sequence</dt>
          <dd>{table.sequences[table.sequence[place]]}</dd>
        </div>
        {table.modality[place] > 0 && (
          <div>
            <dt>Modality</dt>
            <dd>{MODALITIES[table.modality[place]]}</dd>
          </div>
        )}
        {columnsAtHand(table).map((name) => (
          <div key={name}>
            <dt title={columnInfo(name).says}>{columnInfo(name).label}</dt>
            <dd class="num">{written(name, table.columns.get(name)?.[place])}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        {table.step === undefined
          ? "No evaluation has scored this sample."
          : `Scores of the evaluation after step ${table.step}. This sample was not kept: its pictures and stages need the run's data set and a network with WebGPU.`}
      </p>
      {source !== undefined && (
        <OpenRun
          state={grid.inspect}
          run={source.run}
          onOpen={() => {
            // Once the run is open, its address shows the sample.
            location.hash = sampleAddress({ split: table.split, index: place }, [["run", source.run]]);
            grid.numbersOf.value = undefined;
          }}
        />
      )}
    </Dialog>
  );
}
