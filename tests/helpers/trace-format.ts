/** What the Trace Event Format (its JSON object form) and Perfetto's importer ask of a file. */

type Event = Readonly<Record<string, unknown>>;

/** The events that are checked here; any other phase is a problem. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  X: ["name", "pid", "tid", "ts", "dur"],
  B: ["name", "pid", "tid", "ts"],
  E: ["pid", "tid", "ts"],
  C: ["name", "pid", "ts", "args"],
  s: ["name", "cat", "id", "pid", "tid", "ts"],
  f: ["name", "cat", "id", "pid", "tid", "ts", "bp"],
  M: ["name", "pid", "args"],
};
const METADATA = ["process_name", "process_labels", "process_sort_index", "thread_name", "thread_sort_index"];

const describe = (event: Event, i: number): string => `event ${i} (${String(event.ph)} "${String(event.name)}")`;
const trackOf = ({ pid, tid }: Event): string => `${String(pid)}/${String(tid)}`;
/** As Perfetto reads microseconds: integers, cut off. */
const nanoseconds = (value: unknown): number => Math.trunc(1e3 * Number(value));
/** As readers have it that add microseconds as they are, speedscope among them. */
const microseconds = (value: unknown): number => Number(value);

/** Sentences about everything that is wrong with the text of a trace; empty when nothing is. */
export function traceProblems(text: string): string[] {
  let file: { readonly traceEvents?: unknown; readonly displayTimeUnit?: unknown; readonly otherData?: unknown };
  try {
    file = JSON.parse(text);
  } catch {
    return ["the file is no JSON"];
  }
  if (!Array.isArray(file.traceEvents)) return ["there is no array traceEvents"];
  const events = file.traceEvents as readonly Event[];
  const problems = events.flatMap(fieldProblems);
  if (file.displayTimeUnit !== undefined && file.displayTimeUnit !== "ms" && file.displayTimeUnit !== "ns")
    problems.push("displayTimeUnit is neither ms nor ns");
  return [
    ...problems,
    ...nameProblems(events),
    ...spanProblems(events, nanoseconds),
    ...spanProblems(events, microseconds),
    ...counterProblems(events),
    ...flowProblems(events),
  ];
}

function fieldProblems(event: Event, i: number): string[] {
  const who = describe(event, i);
  const required = REQUIRED[String(event.ph)];
  if (required === undefined) return [`${who}: unknown phase`];
  const problems = required.filter((field) => event[field] === undefined).map((field) => `${who}: has no ${field}`);
  for (const field of ["pid", "tid"])
    if (event[field] !== undefined && !Number.isInteger(event[field])) problems.push(`${who}: ${field} is no integer`);
  for (const field of ["ts", "dur"]) {
    const value = event[field];
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value) && value >= 0))
      problems.push(`${who}: ${field} is ${String(value)}`);
  }
  if (event.ph === "f" && event.bp !== "e") problems.push(`${who}: binds to the next span, not to the enclosing one`);
  const args = (event.args ?? {}) as Event;
  for (const [name, value] of Object.entries(args)) {
    if (typeof value !== "string" && !(typeof value === "number" && Number.isFinite(value)))
      problems.push(`${who}: args.${name} is ${String(value)}`);
    else if (event.ph === "C" && typeof value !== "number") problems.push(`${who}: args.${name} is no number`);
  }
  if (event.ph === "M" && !METADATA.includes(String(event.name))) problems.push(`${who}: no metadata of the format`);
  return problems;
}

/** Every process and thread that has events has one name. */
function nameProblems(events: readonly Event[]): string[] {
  const named = (name: string, key: (event: Event) => string): string[] =>
    events.filter((event) => event.ph === "M" && event.name === name).map(key);
  const problems: string[] = [];
  const check = (what: string, used: readonly string[], names: readonly string[]): void => {
    for (const each of new Set(used)) if (!names.includes(each)) problems.push(`${what} ${each} has no name`);
    if (new Set(names).size < names.length) problems.push(`a ${what} has two names`);
  };
  const others = events.filter(({ ph }) => ph !== "M");
  check(
    "process",
    others.map(({ pid }) => String(pid)),
    named("process_name", ({ pid }) => String(pid)),
  );
  const threads = others.filter(({ ph }) => ph !== "C");
  check("thread", threads.map(trackOf), named("thread_name", trackOf));
  return problems;
}

/** Spans of a thread come in the order of time, and lie inside each other or apart, in the numbers that a reader makes of them. */
function spanProblems(events: readonly Event[], read: (value: unknown) => number): string[] {
  const problems: string[] = [];
  const open = new Map<string, { readonly name: string; readonly end: number }[]>();
  const last = new Map<string, number>();
  for (const [i, event] of events.entries()) {
    if (event.ph !== "X" && event.ph !== "B" && event.ph !== "E") continue;
    const track = trackOf(event);
    const start = read(event.ts);
    if (start < (last.get(track) ?? 0)) problems.push(`${describe(event, i)}: begins before the event before it`);
    last.set(track, start);
    const stack = open.get(track) ?? [];
    open.set(track, stack);
    while (stack.length > 0 && stack[stack.length - 1].end <= start) stack.pop();
    if (event.ph === "E") {
      if (stack.pop()?.end !== Number.POSITIVE_INFINITY)
        problems.push(`${describe(event, i)}: ends what did not begin`);
      continue;
    }
    const end = event.ph === "B" ? Number.POSITIVE_INFINITY : start + read(event.dur);
    const outer = stack[stack.length - 1];
    if (outer !== undefined && end > outer.end)
      problems.push(`${describe(event, i)}: overlaps "${outer.name}" without lying in it`);
    stack.push({ name: String(event.name), end });
  }
  for (const [track, stack] of open)
    for (const { name, end } of stack)
      if (end === Number.POSITIVE_INFINITY) problems.push(`${track}: "${name}" does not end`);
  return problems;
}

/** The samples of a counter do not go back in time. */
function counterProblems(events: readonly Event[]): string[] {
  const last = new Map<string, number>();
  return events.flatMap((event, i) => {
    if (event.ph !== "C") return [];
    const key = `${String(event.pid)} ${String(event.name)}`;
    const isBack = nanoseconds(event.ts) < (last.get(key) ?? 0);
    last.set(key, nanoseconds(event.ts));
    return isBack ? [`${describe(event, i)}: goes back in time`] : [];
  });
}

/** A flow's id has one beginning and one end, of one name and category, not before it, each inside a span of its thread. */
function flowProblems(events: readonly Event[]): string[] {
  const problems: string[] = [];
  const flows = new Map<unknown, Event[]>();
  for (const [i, event] of events.entries()) {
    if (event.ph !== "s" && event.ph !== "f") continue;
    flows.set(event.id, [...(flows.get(event.id) ?? []), event]);
    const at = nanoseconds(event.ts);
    const isEnclosed = events.some(
      (span) =>
        span.ph === "X" &&
        trackOf(span) === trackOf(event) &&
        nanoseconds(span.ts) <= at &&
        at < nanoseconds(span.ts) + nanoseconds(span.dur),
    );
    if (!isEnclosed) problems.push(`${describe(event, i)}: no span encloses it`);
  }
  for (const [id, [start, end, ...more]] of flows) {
    if (start?.ph !== "s" || end?.ph !== "f" || more.length > 0)
      problems.push(`flow ${String(id)}: is not one beginning and one end`);
    else if (start.name !== end.name || start.cat !== end.cat || nanoseconds(end.ts) < nanoseconds(start.ts))
      problems.push(`flow ${String(id)}: ends as another one, or before it begins`);
  }
  return problems;
}
