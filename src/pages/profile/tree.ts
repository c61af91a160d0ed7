/** The dispatches of a profile as the tree of the modules that recorded them. Knows no DOM. */
import type { KernelRow, ProfileReport } from "../../train/events";
import { kernelMs, rowOf, type SortKey, sortRows, type TableRow } from "./rows";

/** A line of the tree: a module with the sums of all below it, or one dispatch. */
export interface TreeRow extends TableRow {
  readonly depth: number;
  /** Last part of the path, or the kernel of a dispatch. */
  readonly label: string;
  /** Undefined for a dispatch, which has nothing below it. */
  readonly isOpen: boolean | undefined;
  /** Index of the report's row, for a dispatch. */
  readonly row: number | undefined;
}

interface Node {
  readonly path: string;
  readonly label: string;
  readonly all: KernelRow[];
  readonly own: KernelRow[];
  readonly children: Map<string, Node>;
}

/** What no module recorded: the update, sums of micro-batches. */
const NOWHERE = "(no module)";

const newNode = (path: string, label: string): Node => ({ path, label, all: [], own: [], children: new Map() });

function grow(rows: readonly KernelRow[]): Node {
  const root = newNode("", "");
  for (const row of rows) {
    let node = root;
    for (const part of row.scope === "" ? [NOWHERE] : row.scope.split(".")) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = newNode(node.path === "" ? part : `${node.path}.${part}`, part);
        node.children.set(part, child);
      }
      child.all.push(row);
      node = child;
    }
    node.own.push(row);
  }
  return root;
}

/**
 * Visible lines: modules whose parents are all in `open`, siblings sorted, a module's dispatches among its submodules. Subtotals
 * of every level sum to the whole.
 */
export function treeRows(
  report: ProfileReport,
  open: ReadonlySet<string>,
  key: SortKey,
  isDescending: boolean,
): TreeRow[] {
  const total = kernelMs(report.rows);
  const lines: TreeRow[] = [];
  const visit = (node: Node, depth: number): void => {
    const modules = [...node.children.values()].map((child) => {
      const { path, label, all } = child;
      return { ...rowOf(path, all, total), depth, label, isOpen: open.has(path), row: undefined, child };
    });
    const dispatches = node.own.map((row) => {
      const line = rowOf(`#${row.index}`, [row], total);
      return { ...line, depth, label: row.kernel, isOpen: undefined, row: row.index, child: undefined };
    });
    for (const { child, ...line } of sortRows([...modules, ...dispatches], key, isDescending)) {
      lines.push(line);
      if (child !== undefined && line.isOpen) visit(child, depth + 1);
    }
  };
  visit(grow(report.rows), 0);
  return lines;
}

/** Paths of all modules, to open the whole tree. */
export function allPaths(report: ProfileReport): Set<string> {
  const paths = new Set<string>();
  for (const { scope } of report.rows) {
    const parts = scope === "" ? [NOWHERE] : scope.split(".");
    for (let i = 1; i <= parts.length; i++) paths.add(parts.slice(0, i).join("."));
  }
  return paths;
}
