/** One dispatch: what it binds, how long it took in the recordings of this session, and its shader's text. */
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { KernelRow } from "../../train/events";
import { bytes, fixed, milliseconds, plural } from "../format";
import { Icon } from "../widgets/icons";
import { type Basis, BasisMark } from "./columns";
import { entryLines } from "./kernel-text";
import type { ProfileRecording } from "./recordings";
import { roofAt } from "./roofline";
import { sameDispatch } from "./rows";
import type { ProfileState } from "./state";
import { amount, three } from "./units";

interface RowProps {
  readonly recording: ProfileRecording;
  readonly row: KernelRow;
  readonly state: ProfileState;
}

export function KernelPanel({ recording, row, state }: RowProps) {
  const { kernel, scope, pass, workgroups, constants, dims, flops, ms } = row;
  const groups = workgroups[0] * workgroups[1] * workgroups[2];
  const peaks = state.peaks.value;
  const roof = peaks && flops > 0 && row.bytes > 0 ? roofAt(peaks, flops / row.bytes) : undefined;
  const facts: readonly (readonly [string, Basis, string])[] = [
    ["Module", "e", scope || "none"],
    ["Pass", "e", `${pass}, plan “${row.plan}”`],
    [
      "Time",
      "m",
      `${milliseconds(ms)} ms, ${milliseconds(row.minMs)} to ${milliseconds(row.maxMs)} ms, n = ${row.timings}`,
    ],
    ["Workgroups", "e", `${workgroups.join(" × ")} = ${groups}`],
    ["Work", "f", `${amount(flops || undefined, "FLOP")}, ${amount(row.bytes, "B")}`],
    ["Rates", "f", `${three(flops > 0 ? flops / ms / 1e6 : undefined)} GFLOP/s, ${three(row.bytes / ms / 1e6)} GB/s`],
    ...(roof === undefined
      ? []
      : [
          [
            "Roof",
            "f",
            `${three((100 * flops) / ms / 1e6 / roof)} % of the ${three(roof)} GFLOP/s at ${three(flops / row.bytes)} FLOP/B`,
          ] as const,
        ]),
    ["Constants", "e", constants || "none"],
    [
      "Dims",
      "e",
      Object.entries(dims)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ") || "none",
    ],
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <aside class="kernel-panel" aria-label={`Kernel ${kernel}`} tabIndex={0}>
      <header>
        <h2 class="mono">{kernel}</h2>
        <button type="button" class="quiet" aria-label="Close the kernel" onClick={() => state.choose(row.index)}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="kernel-facts">
        {facts.map(([name, basis, value]) => (
          <div key={name}>
            <dt>
              {name}
              <BasisMark of={basis} />
            </dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
      <Bindings row={row} />
      <Past recording={recording} row={row} state={state} />
      <Shader text={recording.report.shaders[row.shader]} entryPoint={row.entryPoint} />
    </aside>
  );
}

function Bindings({ row }: { readonly row: KernelRow }) {
  return (
    <section>
      <h3>
        Bindings
        <BasisMark of="e" />
      </h3>
      <ul class="bindings mono">
        {row.bindings.map(({ name, tensor, shape, dtype, access, kind, bytes: size }) => (
          <li key={name}>
            <b>{name}</b> [{shape.join(", ")}] {dtype}, {bytes(size)}
            <span class="dim">
              {access === "read_write" ? "read and write" : access}, {kind}: {tensor}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The same dispatch in every recording that has it. */
function Past({ recording, row, state }: RowProps) {
  const past = state.recordings.value.flatMap(({ id, name, report }) => {
    const same = sameDispatch(recording.report.rows, row, report.rows);
    return same === undefined ? [] : [{ id, name, same }];
  });
  const longest = Math.max(...past.map(({ same }) => same.maxMs || same.ms || 0), 1e-9);
  return (
    <section>
      <h3>
        History, median in {plural(past.length, "recording")}
        <BasisMark of="m" />
      </h3>
      <ol class="past">
        {past.map(({ id, name, same }) => (
          <li key={id} data-shown={id === state.shownId.value}>
            <span class="past-name">
              {id}: {name}
            </span>
            <span class="past-bar" aria-hidden="true">
              <span
                style={{
                  left: `${(100 * same.minMs) / longest}%`,
                  width: `${Math.max(1, (100 * (same.maxMs - same.minMs)) / longest)}%`,
                }}
              />
              <i style={{ left: `${(100 * same.ms) / longest}%` }} />
            </span>
            <span class="num">{milliseconds(same.ms)} ms</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Shader({ text, entryPoint }: { readonly text: string; readonly entryPoint: string }) {
  const lines = useMemo(() => text.split("\n"), [text]);
  const { first, last } = useMemo(() => entryLines(lines, entryPoint), [lines, entryPoint]);
  const code = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const mark = code.current?.querySelector<HTMLElement>("mark");
    if (code.current && mark) code.current.scrollTop = mark.offsetTop - code.current.offsetTop - 8;
  }, []);
  return (
    <section class="shader">
      <h3>
        WGSL, {entryPoint} in lines {first + 1} to {last + 1} of {fixed(lines.length, 0)}
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <pre ref={code} tabIndex={0}>
        <code>
          {`${lines.slice(0, first).join("\n")}${first > 0 ? "\n" : ""}`}
          <mark>{lines.slice(first, last + 1).join("\n")}</mark>
          {`\n${lines.slice(last + 1).join("\n")}`}
        </code>
      </pre>
    </section>
  );
}
