import { useEffect, useMemo, useRef } from "preact/hooks";
import type { ProfileReport } from "../../train/events";
import { milliseconds, plural } from "../format";
import { type Column, HeadCell, NUMBERS, NumberCells, ShareCell, ShareHead } from "./columns";
import { kernelMs, sortRows, type TableRow, tableRows } from "./rows";
import type { ProfileState } from "./state";

const NAMES: readonly Column[] = [
  { key: "index", label: "#", isNumber: true, basis: "e", title: "Place in the plan" },
  { key: "kernel", label: "Kernel", isNumber: false, basis: "e", title: "Name of the WGSL file and entry" },
  { key: "module", label: "Module", isNumber: false, basis: "e", title: "Module that recorded the dispatch" },
  { key: "pass", label: "Pass", isNumber: false, basis: "e", title: "Forward, backward or update" },
];

/** Dispatches, or kernels with the sums of their dispatches. A dispatch can be chosen. */
export function KernelTable({
  report,
  state,
  grouping,
}: {
  readonly report: ProfileReport;
  readonly state: ProfileState;
  readonly grouping: "none" | "kernel";
}) {
  const { key, isDescending } = state.sort.value;
  const unsorted = useMemo(() => tableRows(report, grouping), [report, grouping]);
  const rows = useMemo(() => sortRows(unsorted, key, isDescending), [unsorted, key, isDescending]);
  const longest = rows.reduce((most, row) => Math.max(most, row.share), 0);
  const isGrouped = grouping !== "none";
  const chosen = isGrouped ? undefined : state.chosen.value;
  const scroller = useRef<HTMLElement>(null);
  useEffect(() => {
    if (chosen !== undefined)
      scroller.current?.querySelector("[data-chosen=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section ref={scroller} class="table-scroll" tabIndex={0} aria-label="Kernels">
      <table>
        <thead>
          <tr>
            {NAMES.map((column) => (
              <HeadCell key={column.key} column={column} state={state} />
            ))}
            {NUMBERS.map((column) => (
              <HeadCell key={column.key} column={column} state={state} />
            ))}
            <ShareHead />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              longest={longest}
              isGrouped={isGrouped}
              isChosen={row.index === chosen}
              onChoose={() => choose(report, state, row, isGrouped)}
            />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={4}>
              {plural(rows.length, "row")}
            </th>
            <td class="number">{report.rows.length}</td>
            <td class="number">{milliseconds(kernelMs(report.rows))}</td>
            <td colSpan={6} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

/** Of several dispatches the slowest stands for all. */
function choose(report: ProfileReport, state: ProfileState, row: TableRow, isGrouped: boolean): void {
  if (!isGrouped) {
    state.choose(row.index);
    return;
  }
  const own = report.rows.filter(({ kernel }) => kernel === row.kernel);
  const slowest = own.reduce((most, each) => (each.ms > most.ms ? each : most), own[0]);
  state.chosen.value = slowest.index;
}

function Row({
  row,
  longest,
  isGrouped,
  isChosen,
  onChoose,
}: {
  readonly row: TableRow;
  readonly longest: number;
  readonly isGrouped: boolean;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}) {
  return (
    <tr data-chosen={isChosen} onClick={onChoose}>
      <td class="number dim">{isGrouped ? "" : row.index}</td>
      <th scope="row" class="mono">
        <button
          type="button"
          class="row-button"
          aria-pressed={isChosen}
          onClick={(event) => {
            event.stopPropagation();
            onChoose();
          }}
        >
          {row.kernel}
        </button>
      </th>
      <td class="mono dim" title={row.module}>
        {row.module}
      </td>
      <td>
        <span class="pass" data-pass={row.pass}>
          {row.pass}
        </span>
      </td>
      <NumberCells row={row} />
      <ShareCell row={row} longest={longest} />
    </tr>
  );
}
