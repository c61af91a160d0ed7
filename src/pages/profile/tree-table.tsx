import { useMemo } from "preact/hooks";
import type { ProfileReport } from "../../train/events";
import { Icon } from "../widgets/icons";
import { HeadCell, NUMBERS, NumberCells, ShareCell, ShareHead } from "./columns";
import type { ProfileState } from "./state";
import { allPaths, type TreeRow, treeRows } from "./tree";

/** Modules with the sums of all that they dispatched; each can be folded. */
export function TreeTable({ report, state }: { readonly report: ProfileReport; readonly state: ProfileState }) {
  const { key, isDescending } = state.sort.value;
  const open = state.open.value;
  const rows = useMemo(() => treeRows(report, open, key, isDescending), [report, open, key, isDescending]);
  return (
    <>
      <div class="tree-tools">
        <button type="button" class="small" onClick={() => (state.open.value = allPaths(report))}>
          Open all
        </button>
        <button type="button" class="small" onClick={() => (state.open.value = new Set())}>
          Fold all
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="table-scroll" tabIndex={0} aria-label="Modules">
        <table>
          <thead>
            <tr>
              <HeadCell
                column={{
                  key: "module",
                  label: "Module",
                  isNumber: false,
                  basis: "e",
                  title: "Module tree of the network",
                }}
                state={state}
              />
              <HeadCell
                column={{
                  key: "pass",
                  label: "Pass",
                  isNumber: false,
                  basis: "e",
                  title: "Forward, backward or update",
                }}
                state={state}
              />
              {NUMBERS.map((column) => (
                <HeadCell key={column.key} column={column} state={state} />
              ))}
              <ShareHead />
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.key} row={row} state={state} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({ row, state }: { readonly row: TreeRow; readonly state: ProfileState }) {
  const isChosen = row.row !== undefined && row.row === state.chosen.value;
  const act = () => (row.row === undefined ? state.toggle(row.key) : state.choose(row.row));
  return (
    <tr data-chosen={isChosen} data-module={row.isOpen !== undefined}>
      <th scope="row" class="mono" style={{ paddingLeft: `${12 + 16 * row.depth}px` }}>
        <button
          type="button"
          class="row-button"
          aria-expanded={row.isOpen}
          aria-pressed={row.row === undefined ? undefined : isChosen}
          onClick={act}
        >
          {row.isOpen !== undefined && <Icon name={row.isOpen ? "down" : "right"} />}
          {row.label}
        </button>
      </th>
      <td>
        <span class="pass" data-pass={row.pass}>
          {row.pass}
        </span>
      </td>
      <NumberCells row={row} />
      <ShareCell row={row} longest={1} />
    </tr>
  );
}
