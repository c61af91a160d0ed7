/** One kernel: its checks, and its text beside the one that gpu.js writes for the same formula. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { checkName, scientific } from "../../verify/report";
import type { Check } from "../../verify/types";
import { plural, significant } from "../format";
import { entryLines } from "../profile/kernel-text";
import { Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import type { VerifyState } from "./state";
import { BARS, Time } from "./times";

export function Detail({ state, kernel }: { readonly state: VerifyState; readonly kernel: string }) {
  const row = state.rows.value.find((found) => found.kernel === kernel);
  const picked = useSignal<Check | undefined>(undefined);
  const shown = useSignal<"wgsl" | "formula">("wgsl");
  if (row === undefined) return null;
  const check = picked.value !== undefined && row.checks.includes(picked.value) ? picked.value : row.worst;
  const text = state.report.value?.kernels.find(({ name }) => name === kernel);
  const close = () => {
    state.chosen.value = undefined;
    document.getElementById(`kernel-${kernel}`)?.focus();
  };
  return (
    <section class="verify-detail" aria-label={`Kernel ${kernel}`}>
      <div class="panel-head">
        <h2 class="mono">{kernel}</h2>
        <Segmented
          label="Text beside ours"
          options={[
            { value: "wgsl", label: "gpu.js WGSL", title: "What gpu.js makes of the formula on WebGPU" },
            { value: "formula", label: "Formula", title: "The reference in plain JavaScript" },
          ]}
          value={shown.value}
          onValue={(value) => (shown.value = value)}
        />
        <button type="button" class="quiet" aria-label="Close the kernel" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <CheckTable checks={row.checks} chosen={check} onChoose={(found) => (picked.value = found)} />
      <Facts check={check} />
      <Times check={check} />
      <div class="texts">
        <Text
          title={`Ours, entry ${text?.entryPoint ?? kernel.split(".")[1]}`}
          code={text?.code ?? "The text is shown when the run has ended."}
          entryPoint={text?.entryPoint}
        />
        {shown.value === "wgsl" ? (
          <Text title={`gpu.js, ${check.target}`} code={baselineText(check)} />
        ) : (
          <Text title={`Formula of ${check.target}`} code={check.baseline.formula} />
        )}
      </div>
    </section>
  );
}

function baselineText({ baseline }: Check): string {
  if (baseline.failure !== undefined) return baseline.failure;
  if (baseline.wgsl.length === 0) return "Not compared with gpu.js on WebGPU in this run.";
  return baseline.wgsl.map(({ stage, code }) => `// stage "${stage}"\n${code}`).join("\n\n");
}

function CheckTable({
  checks,
  chosen,
  onChoose,
}: {
  readonly checks: readonly Check[];
  readonly chosen: Check;
  readonly onChoose: (check: Check) => void;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section class="check-scroll" tabIndex={0} aria-label={plural(checks.length, "check")}>
      <table>
        <thead>
          <tr>
            <th scope="col">Check</th>
            <th scope="col">Result</th>
            <th scope="col" class="number">
              Relative error
            </th>
            <th scope="col" class="number">
              Largest difference
            </th>
          </tr>
        </thead>
        <tbody>
          {checks.map((check) => (
            <tr key={checkName(check)} data-chosen={check === chosen}>
              <th scope="row">
                <button
                  type="button"
                  class="row-button"
                  aria-pressed={check === chosen}
                  onClick={() => onChoose(check)}
                >
                  {checkName(check)}
                </button>
              </th>
              <td>
                <span class="verdict" data-passed={check.passed}>
                  <Icon name={check.passed ? "check" : "warn"} />
                  {check.passed ? "passed" : "failed"}
                </span>
              </td>
              <td class="number">{scientific(check.difference?.relative)}</td>
              <td class="number">{scientific(check.difference?.maxAbs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Facts({ check }: { readonly check: Check }) {
  const { difference, baseline, failure, tolerance, reason, size, shapes } = check;
  const inputs = Object.entries(shapes).map(([name, shape]) => `${name} [${shape.join(", ")}]`);
  const worst = difference?.worst;
  return (
    <dl class="facts verify-facts">
      <Fact name="Inputs" value={inputs.length > 0 ? inputs.join(", ") : "none"} />
      <Fact name="Tolerance" value={`${scientific(tolerance)}${reason === undefined ? "" : `: ${reason}`}`} />
      {failure !== undefined && <Fact name="Failure" value={failure} isBad />}
      {worst !== undefined && (
        <Fact
          name="Worst number"
          value={`[${worst.index}] of ${size}: got ${significant(worst.got, 9)}, expected ${significant(worst.expected, 9)}`}
          isBad={!check.passed}
        />
      )}
      {baseline.difference !== undefined && (
        <Fact name="gpu.js on WebGPU" value={`relative error ${scientific(baseline.difference.relative)}`} />
      )}
      {baseline.failure !== undefined && <Fact name="gpu.js on WebGPU" value={baseline.failure} />}
    </dl>
  );
}

/** The check's own times; those that are added to a gradient take as long as those that write it, and are not timed. */
function Times({ check: { times, baseline } }: { readonly check: Check }) {
  if (times.ours === undefined) return null;
  return (
    <table class="check-times" aria-label="Wall clock, inputs written and result read back">
      <tbody>
        <tr>
          {BARS.map(({ key, label, title }) => (
            <th key={key} scope="col" title={title}>
              {label} <span class="unit">ms</span>
            </th>
          ))}
        </tr>
        <tr>
          {BARS.map(({ key }) => (
            <Time key={key} times={times} which={key} failure={baseline.failure} />
          ))}
        </tr>
      </tbody>
    </table>
  );
}

function Fact({
  name,
  value,
  isBad = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? "bad" : ""} title={value}>
        {value}
      </dd>
    </div>
  );
}

/** A text, with the lines of an entry point marked and in sight. */
function Text({
  title,
  code,
  entryPoint,
}: {
  readonly title: string;
  readonly code: string;
  readonly entryPoint?: string | undefined;
}) {
  const scroller = useRef<HTMLElement>(null);
  const lines = code.split("\n");
  const { first, last } = entryPoint === undefined ? { first: 0, last: -1 } : entryLines(lines, entryPoint);
  useEffect(() => {
    const mark = scroller.current?.querySelector<HTMLElement>("mark");
    if (scroller.current && mark) scroller.current.scrollTop = mark.offsetTop - scroller.current.offsetTop - 8;
  }, [code, entryPoint]);
  return (
    <figure class="text">
      <figcaption>{title}</figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section ref={scroller} class="text-scroll" tabIndex={0} aria-label={title}>
        <pre>
          {last < first ? (
            <code>{code}</code>
          ) : (
            <code>
              {`${lines.slice(0, first).join("\n")}${first > 0 ? "\n" : ""}`}
              <mark>{lines.slice(first, last + 1).join("\n")}</mark>
              {`\n${lines.slice(last + 1).join("\n")}`}
            </code>
          )}
        </pre>
      </section>
    </figure>
  );
}
