/** Changes of the sample before the network and the loss see it, and what they do to the numbers. */
import { useId } from "preact/hooks";
import { type LookView, SWAP_THUMB_AND_INDEX, type WhatIf } from "../../train/inspect/types";
import { fixed, significant } from "../format";
import { NumberField, Toggle } from "../widgets/field";
import { type DiffRow, diffNumbers } from "./diff";
import type { InspectState } from "./state";

/** MANO's order of the joints, thumb last and tips at the end, by places of OpenPose's. */
const MANO_ORDER: readonly number[] = [
  ...[0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13],
  ...[14, 15, 1, 2, 3, 4, 8, 12, 16, 20],
];

const ORDERS = [
  { value: "plain", label: "as they are", joints: undefined },
  { value: "swap", label: "thumb and index swapped", joints: SWAP_THUMB_AND_INDEX },
  { value: "mano", label: "MANO's order read as OpenPose's", joints: MANO_ORDER },
] as const;

const UNITS = [
  { value: "plain", label: "metres", scale: undefined },
  { value: "mm", label: "mm read as m (× 1000)", scale: 1000 },
  { value: "km", label: "m divided twice (× 0.001)", scale: 0.001 },
] as const;

/** Without the keys that change nothing, so that an untouched what-if is none. */
function cleaned({
  dropDepth,
  joints,
  truthScale,
  shiftBox,
}: { [Key in keyof WhatIf]: WhatIf[Key] | undefined }): WhatIf {
  return {
    ...(dropDepth && { dropDepth }),
    ...(joints && { joints }),
    ...(truthScale !== undefined && { truthScale }),
    ...(shiftBox && (shiftBox[0] !== 0 || shiftBox[1] !== 0) && { shiftBox }),
  };
}

/** What can be changed, and the numbers before and after. */
export function WhatIfPanel({ state, view }: { readonly state: InspectState; readonly view: LookView }) {
  const whatIf = state.whatIf.value;
  const id = useId();
  const set = (change: { [Key in keyof WhatIf]?: WhatIf[Key] | undefined }) =>
    state.ask(cleaned({ ...allOf(whatIf), ...change }));
  const [dx, dy] = whatIf.shiftBox ?? [0, 0];
  const order = ORDERS.find(({ joints }) => joints === whatIf.joints) ?? ORDERS[0];
  const unit = UNITS.find(({ scale }) => scale === whatIf.truthScale) ?? UNITS[0];
  const isChanged = Object.keys(whatIf).length > 0;
  return (
    <section class="what-if" aria-label="What if">
      <div class="what-if-head">
        <h2>What if</h2>
        <button type="button" class="small" disabled={!isChanged} onClick={() => state.ask({})}>
          Reset
        </button>
      </div>
      <div class="what-if-fields">
        <Toggle
          label="Without depth"
          isOn={whatIf.dropDepth === true}
          isDisabled={view.depth === undefined && !whatIf.dropDepth}
          onToggle={() => set({ dropDepth: whatIf.dropDepth ? undefined : true })}
        />
        <div class="what-if-shift">
          <NumberField
            label="Box x"
            unit="px"
            min={-4096}
            isWhole={false}
            value={dx}
            onValue={(x) => set({ shiftBox: [x, dy] })}
          />
          <NumberField
            label="y"
            unit="px"
            min={-4096}
            isWhole={false}
            value={dy}
            onValue={(y) => set({ shiftBox: [dx, y] })}
          />
        </div>
        <label for={`${id}-order`}>True joints</label>
        <select
          id={`${id}-order`}
          value={order.value}
          onChange={(event) => set({ joints: ORDERS.find(({ value }) => value === event.currentTarget.value)?.joints })}
        >
          {ORDERS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <label for={`${id}-unit`}>Their unit</label>
        <select
          id={`${id}-unit`}
          value={unit.value}
          onChange={(event) =>
            set({ truthScale: UNITS.find(({ value }) => value === event.currentTarget.value)?.scale })
          }
        >
          {UNITS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {view.plain !== undefined && isChanged && <Differences rows={diffNumbers(view.plain, view)} />}
    </section>
  );
}

const allOf = ({ dropDepth, joints, truthScale, shiftBox }: WhatIf) => ({ dropDepth, joints, truthScale, shiftBox });

function Differences({ rows }: { readonly rows: readonly DiffRow[] }) {
  return (
    <table class="differences" aria-label="Numbers without and with the what-if">
      <thead>
        <tr>
          <th scope="col">n = 1</th>
          <th scope="col" class="number">
            Before
          </th>
          <th scope="col" class="number">
            After
          </th>
          <th scope="col" class="number">
            Change
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row">
              {row.name} <span class="unit">{row.unit}</span>
            </th>
            <td class="number dim">{show(row, row.before)}</td>
            <td class="number">{show(row, row.after)}</td>
            <td class="number" data-change={row.isBetter === undefined ? undefined : row.isBetter ? "better" : "worse"}>
              {row.isBetter === undefined ? "" : row.isBetter ? "better " : "worse "}
              {(row.change ?? 0) > 0 ? "+" : ""}
              {row.change === 0 ? "same" : show(row, row.change)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const show = ({ unit }: DiffRow, value: number | undefined): string =>
  unit === "mm" ? fixed(value, 2) : significant(value, 3);
