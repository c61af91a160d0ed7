/** The column of numbers: errors, what-if, joints. */
import { useEffect, useRef } from "preact/hooks";
import type { LookView } from "../../train/inspect/types";
import { fixed } from "../format";
import { fingerProperty, JOINT_NAMES, jointErrors } from "../widgets/skeleton";
import type { InspectState } from "./state";
import { WhatIfPanel } from "./what-if";

/** Everything of a sample that is a number, whichever stage is shown. */
export function Numbers({ state, view }: { readonly state: InspectState; readonly view: LookView }) {
  return (
    <aside class="numbers" aria-label="Numbers of the sample">
      <Headline view={view} />
      {state.isSaved.value ? <NoWhatIf /> : <WhatIfPanel state={state} view={view} />}
      <JointTable state={state} view={view} />
    </aside>
  );
}

/** A file answers no question that was not asked when it was written. */
const NoWhatIf = () => (
  <p class="hint saved-what-if">
    What-ifs, other checkpoints, blocks and maps need the network: they can be asked for once the run is open on a GPU.
  </p>
);

const HEADLINE = [
  ["MPJPE", "mpjpe_mm"],
  ["PA-MPJPE", "pa_mpjpe_mm"],
  ["MPVPE", "mpvpe_mm"],
] as const;

/** Millimetres with a decimal; metres of error, as a wrong unit makes them, have none. */
const short = (mm: number | undefined): string => fixed(mm, mm !== undefined && Math.abs(mm) >= 1000 ? 0 : 1);

/** Errors of the refined hand, and below each that of the coarse one. */
function Headline({ view: { errors } }: { readonly view: LookView }) {
  return (
    <dl class="readouts">
      {HEADLINE.map(([label, name]) => (
        <div class="readout" key={name}>
          <dt>{label}</dt>
          <dd>
            <span class="value">{short(errors.metrics[name])}</span>
            <span class="unit">mm</span>
            <span class="note">
              {name in errors.coarse ? `coarse ${short(errors.coarse[name])} mm` : "no mesh to compare"}
            </span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Pointer or arrow keys choose the joint that lights up everywhere. */
function JointTable({ state, view }: { readonly state: InspectState; readonly view: LookView }) {
  const { errors, truth, refined, plain } = view;
  const inPicture = jointErrors(truth.joints2d, refined.joints2d, 2);
  const before = plain?.errors.jointsMm;
  const worst = Math.max(...[...errors.jointsMm].filter(Number.isFinite), 1e-9);
  const chosen = state.joint.value;
  const table = useRef<HTMLElement>(null);
  useEffect(() => {
    // Under the pointer a row must not move away.
    if (chosen === undefined || table.current?.matches(":hover")) return;
    const row = table.current?.querySelector("[data-chosen=true]")?.getBoundingClientRect();
    const column = table.current?.closest(".numbers");
    if (row === undefined || !column) return;
    const { top, bottom } = column.getBoundingClientRect();
    // The column scrolls, never the page.
    column.scrollTop += Math.min(0, row.top - top) + Math.max(0, row.bottom - bottom);
  }, [chosen]);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    state.joint.value = ((chosen ?? (by > 0 ? -1 : JOINT_NAMES.length)) + by + JOINT_NAMES.length) % JOINT_NAMES.length;
  };
  return (
    <section
      ref={table}
      class="joint-table"
      aria-label="Error per joint; the arrow keys choose one"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={() => {
        state.joint.value = undefined;
      }}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Joint</th>
            <th scope="col" class="number" title="Distance of true and predicted joint, relative to the wrist">
              3D <span class="unit">mm</span>
            </th>
            {before === undefined ? (
              <th scope="col" class="number" title="After Procrustes alignment">
                PA <span class="unit">mm</span>
              </th>
            ) : (
              <th scope="col" class="number" title="What the what-if changes">
                Δ <span class="unit">mm</span>
              </th>
            )}
            <th scope="col" class="number" title="Distance in the crop">
              2D <span class="unit">px</span>
            </th>
            <th scope="col" class="number" title="Weight of the joint in the losses">
              Conf.
            </th>
          </tr>
        </thead>
        <tbody>
          {JOINT_NAMES.map((name, joint) => (
            <tr
              key={name}
              data-chosen={chosen === joint}
              onPointerEnter={() => {
                state.joint.value = joint;
              }}
              onPointerLeave={() => {
                state.joint.value = undefined;
              }}
              style={{ "--swatch": `var(${fingerProperty(joint)}-ink)` }}
            >
              <th scope="row">
                <span class="joint-name">
                  <span class="swatch" />
                  {name}
                </span>
              </th>
              <td class="number strong bar">
                <span class="bar-fill" style={{ transform: `scaleX(${(errors.jointsMm[joint] || 0) / worst})` }} />
                <span class="bar-text">{short(errors.jointsMm[joint])}</span>
              </td>
              {before === undefined ? (
                <td class="number">{short(errors.alignedJointsMm[joint])}</td>
              ) : (
                <Change by={errors.jointsMm[joint] - before[joint]} />
              )}
              <td class="number">{fixed(inPicture[joint], 1)}</td>
              <td class="number dim">{fixed(truth.confidence[joint], 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Change({ by }: { readonly by: number }) {
  const kind = Math.abs(by) < 0.05 || Number.isNaN(by) ? undefined : by < 0 ? "better" : "worse";
  return (
    <td class="number" data-change={kind}>
      {by > 0 ? "+" : ""}
      {short(by)}
    </td>
  );
}
