/** A chart in numbers: its last points, and the least and the greatest of all of them in range. */
import { useStore } from "../context";
import { duration, fixed, significant } from "../format";
import type { Range } from "../runs/plot";
import { LAST_POINTS, type TableColumn, tableOf } from "../runs/table";

/** Takes the place of a chart. Scrolls in itself. */
export function CurveTable({
  label,
  columns,
  range,
}: {
  readonly label: string;
  readonly columns: readonly TableColumn[];
  readonly range: Range;
}) {
  const axis = useStore().view.axis.value;
  const { rows, extremes, points } = tableOf(columns, axis, range);
  const place = (step: number, x: number): string =>
    axis === "step" ? String(step) : axis === "epoch" ? `${step}, ${fixed(x, 2)}` : `${step}, ${duration(x)}`;
  const heading = { step: "Step", epoch: "Step, epoch", time: "Step, time" }[axis];
  const outer = (name: "least" | "greatest") =>
    extremes.map((each, i) => (
      <td key={columns[i].key} title={each && `at step ${each[name].step}`}>
        {significant(each?.[name].value)}
      </td>
    ));
  if (points === 0) return <p class="curve-table hint">No point yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys.
    <section class="curve-table" tabIndex={0} aria-label={label}>
      <table>
        <caption class="sr-only">
          {`${label}, as recorded and not smoothed: the last ${Math.min(LAST_POINTS, points)} of ${points} points, the newest first`}
        </caption>
        <thead>
          <tr>
            <th scope="col">{heading}</th>
            {columns.map(({ key, label: name, title }) => (
              <th key={key} scope="col" title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr class="extreme">
            <th scope="row">least of {points}</th>
            {outer("least")}
          </tr>
          <tr class="extreme">
            <th scope="row">greatest</th>
            {outer("greatest")}
          </tr>
          {rows.map(({ step, x, values }) => (
            <tr key={step}>
              <th scope="row">{place(step, x)}</th>
              {values.map((value, i) => (
                <td key={columns[i].key}>{value === undefined ? "" : significant(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
