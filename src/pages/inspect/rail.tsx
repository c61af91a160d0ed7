import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { LookView } from "../../train/inspect/types";
import { STAGE_NAMES, type StageName } from "./address";
import { Painting } from "./paint";
import { figureOf, previewOf } from "./previews";
import { STAGES } from "./stages";
import type { InspectState } from "./state";

/** All stages, each with a small picture and its one number; one is chosen. */
export function Rail({ state, view }: { readonly state: InspectState; readonly view: LookView }) {
  const list = useRef<HTMLDivElement>(null);
  const chosen = state.stage.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const at = STAGE_NAMES.indexOf(chosen);
    const [before, after] = [at - 1, at + 1];
    const keys = { ArrowDown: after, ArrowRight: after, ArrowUp: before, ArrowLeft: before };
    const to = { ...keys, Home: 0, End: STAGE_NAMES.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + STAGE_NAMES.length) % STAGE_NAMES.length;
    state.goToStage(STAGE_NAMES[next]);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next].focus();
  };
  // By hand: scrollIntoView would move the page as well.
  useLayoutEffect(() => {
    const rail = list.current!.parentElement!;
    const [room, tab] = [rail, list.current!.children[STAGE_NAMES.indexOf(chosen)]].map((each) =>
      each.getBoundingClientRect(),
    );
    rail.scrollLeft += Math.min(0, tab.left - room.left) + Math.max(0, tab.right - room.right);
    rail.scrollTop += Math.min(0, tab.top - room.top) + Math.max(0, tab.bottom - room.bottom);
  }, [chosen]);
  return (
    <nav class="rail" aria-label="Stages of the sample">
      <div ref={list} role="tablist" aria-label="Stages" aria-orientation="vertical" onKeyDown={onKeyDown}>
        {STAGE_NAMES.map((name, i) => (
          <RailItem key={name} name={name} number={i + 1} state={state} view={view} isChosen={name === chosen} />
        ))}
      </div>
    </nav>
  );
}

function RailItem({
  name,
  number,
  state,
  view,
  isChosen,
}: {
  readonly name: StageName;
  readonly number: number;
  readonly state: InspectState;
  readonly view: LookView;
  readonly isChosen: boolean;
}) {
  const token = state.token.value;
  const paint = useMemo(() => previewOf(name, view, token), [name, view, name === "attention" ? token : 0]);
  return (
    <button
      type="button"
      role="tab"
      class="rail-item"
      id={`stage-${name}`}
      aria-selected={isChosen}
      aria-controls="stage-panel"
      tabIndex={isChosen ? 0 : -1}
      onClick={() => state.goToStage(name)}
    >
      <span class="rail-picture">
        {paint === undefined ? <span class="rail-none">–</span> : <Painting label="" paint={paint} isHidden />}
      </span>
      <span class="rail-text">
        <span class="rail-name">
          <span class="dim num">{number}</span> {STAGES[name].label}
        </span>
        <span class="rail-figure num">{figureOf(name, view)}</span>
      </span>
    </button>
  );
}
