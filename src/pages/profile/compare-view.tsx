import { useId, useMemo } from "preact/hooks";
import { milliseconds, plural } from "../format";
import { BasisMark } from "./columns";
import { differences } from "./compare";
import type { ProfileRecording } from "./recordings";
import type { ProfileState } from "./state";
import { three } from "./units";

/** The shown recording against another one of this session, or from a file. */
export function CompareView({
  recording,
  state,
}: {
  readonly recording: ProfileRecording;
  readonly state: ProfileState;
}) {
  const all = state.recordings.value;
  const baseline = state.baseline.value;
  return (
    <div class="compare">
      <div class="table-tools">
        <Choice label="Before" all={all} value={baseline?.id} onValue={(id) => (state.baselineId.value = id)} />
        <Choice label="After" all={all} value={recording.id} onValue={(id) => state.show(id)} />
      </div>
      {baseline === undefined || baseline.id === recording.id ? (
        <p class="empty">
          {all.length < 2
            ? "Record again, or open a profile that was saved as JSON, to compare it with this one."
            : "Choose two recordings that differ."}
        </p>
      ) : (
        <Table before={baseline} after={recording} />
      )}
    </div>
  );
}

function Choice({
  label,
  all,
  value,
  onValue,
}: {
  readonly label: string;
  readonly all: readonly ProfileRecording[];
  readonly value: number | undefined;
  readonly onValue: (id: number) => void;
}) {
  const id = useId();
  return (
    <div class="choice">
      <label for={id}>{label}</label>
      <select id={id} value={value ?? ""} onChange={({ currentTarget }) => onValue(Number(currentTarget.value))}>
        {value === undefined && <option value="">choose</option>}
        {all.map((each) => (
          <option key={each.id} value={each.id}>
            {each.id}: {each.name}
          </option>
        ))}
      </select>
    </div>
  );
}

function Table({ before, after }: { readonly before: ProfileRecording; readonly after: ProfileRecording }) {
  const rows = useMemo(() => differences(before.report, after.report), [before, after]);
  const sum = rows.reduce((total, { deltaMs }) => total + deltaMs, 0);
  const greatest = Math.max(...rows.map(({ deltaMs }) => Math.abs(deltaMs)), 1e-9);
  const signed = (ms: number) => `${ms > 0 ? "+" : ms < 0 ? "−" : ""}${milliseconds(Math.abs(ms))}`;
  const isElsewhere = before.report.adapter !== after.report.adapter || before.report.clock !== after.report.clock;
  return (
    <>
      <p class="hint compare-hint">
        {plural(rows.filter(({ isWithinSpread }) => !isWithinSpread).length, "kernel")} of {rows.length} changed by more
        than the spread of their repeats; ≈ marks the others.
      </p>
      {isElsewhere && (
        <p class="hint compare-hint">
          Before: {before.report.adapter}, {before.report.clock}. After: {after.report.adapter}, {after.report.clock}.
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="table-scroll" tabIndex={0} aria-label="Differences">
        <table>
          <thead>
            <tr>
              <th scope="col">Kernel</th>
              <th scope="col">Pass</th>
              <th scope="col" class="number">
                Calls
                <BasisMark of="e" />
              </th>
              <th scope="col" class="number">
                Before, ms
                <BasisMark of="m" />
              </th>
              <th scope="col" class="number">
                After, ms
                <BasisMark of="m" />
              </th>
              <th scope="col" class="number">
                Change, ms
                <BasisMark of="m" />
              </th>
              <th scope="col" class="number">
                After / before
                <BasisMark of="m" />
              </th>
              <th scope="col" class="bar-head">
                Faster, slower
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, kernel, pass, before: was, after: is, deltaMs, ratio, isWithinSpread }) => (
              <tr
                key={key}
                class={isWithinSpread ? "within-spread" : ""}
                title={isWithinSpread ? "One median lies within the other recording's extremes" : undefined}
              >
                <th scope="row" class="mono">
                  {kernel}
                </th>
                <td>
                  <span class="pass" data-pass={pass}>
                    {pass}
                  </span>
                </td>
                <td class="number">
                  {was?.calls === is?.calls ? is?.calls : `${was?.calls ?? 0} → ${is?.calls ?? 0}`}
                </td>
                <td class="number">{milliseconds(was?.ms)}</td>
                <td class="number">{milliseconds(is?.ms)}</td>
                <td class="number strong">
                  {isWithinSpread && <abbr title="within the spread of the repeats">≈ </abbr>}
                  {signed(deltaMs)}
                </td>
                <td class="number">{three(ratio)}</td>
                <td class="bar">
                  <span
                    class="delta-fill"
                    data-slower={deltaMs > 0}
                    style={{ width: `${(47 * Math.abs(deltaMs)) / greatest}%` }}
                  />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={5}>
                All kernels
              </th>
              <td class="number">{signed(sum)}</td>
              <td colSpan={2} />
            </tr>
          </tfoot>
        </table>
      </section>
    </>
  );
}
