import { gigabytes, preflight } from "../../data/import-plan";
import type { ImportResult, ReportRow } from "../../data/import-result";
import type { FrameSplit } from "../../data/open";
import type { ImportEnd, ImportSource } from "../../ranks/import-api";
import { count, duration, fixed, plural, sentence } from "../format";
import { download } from "../train/exports";
import { canPickDirectory } from "../train/folder";
import { Segmented } from "../widgets/field";
import { useFileInput } from "../widgets/file-input";
import { useFolderInput } from "../widgets/folder-input";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import { droppedSource, inputSource, pickedSource, zipSource } from "./source";
import { type DataState, type Stage, stateSentence } from "./state";

type Props = {
  readonly state: DataState;
  readonly onUse: (name: string) => void;
  readonly isLocked: boolean;
};

/** From the choice of files to the report. */
export function ImportView(props: Props) {
  const { state } = props;
  const stage = state.stage.value;
  switch (stage.kind) {
    case "choose":
    case "looking":
      return <Choose state={state} stage={stage} />;
    case "found":
      return <FoundFiles state={state} stage={stage} />;
    case "running":
      return <Running state={state} stage={stage} />;
    case "ended":
      return <Report {...props} end={stage.end} />;
  }
}

const FORMATS: readonly (readonly [name: string, detail: string])[] = [
  ["HO-3D v2", "66 034 training and 11 524 evaluation frames, png"],
  ["HO-3D v3", "83 325 training and 20 137 evaluation frames, jpg"],
  ["DexYCB", "raw folders with the s0 split; left hands are mirrored"],
  ["HandOccNet, KeypointFusion", "their JSON files beside the images of HO-3D or DexYCB"],
];

function Choose({
  state,
  stage,
}: {
  readonly state: DataState;
  readonly stage: Extract<Stage, { kind: "choose" | "looking" }>;
}) {
  const archive = useFileInput("Data set zip", ([file]) => take(() => zipSource(file)), { accept: ".zip" });
  const take = (get: () => Promise<ImportSource | undefined> | ImportSource) => void state.choose(get);
  const { isOver, handlers } = useDrop((transfer) => take(() => droppedSource(transfer, state.counted)));
  const folder = useFolderInput("Data set folder", (files) => take(() => inputSource(files)));
  const isBusy = stage.kind === "looking";
  return (
    <div class="data-scroll choose">
      <div class="drop-zone" data-over={isOver} {...handlers}>
        <Icon name="box" />
        {isBusy ? (
          <>
            <h3>Looking at {stage.name}</h3>
            <p aria-live="polite">
              {stage.files === undefined
                ? "Listing its folders; no image is opened yet."
                : `${plural(stage.files, "file")} so far.`}
            </p>
            <div class="progress-track" data-open="true">
              <div class="progress-fill" />
            </div>
          </>
        ) : (
          <>
            <h3>Drop a data set here</h3>
            <p role="status">{state.again.value ?? "Its top folder as it was unpacked, or one zip of it."}</p>
            <div class="drop-buttons">
              <button
                type="button"
                class="primary large"
                onClick={() => (canPickDirectory() ? take(pickedSource) : folder.open())}
              >
                Choose folder
              </button>
              <button type="button" class="large" onClick={() => archive.open()}>
                Choose zip
              </button>
            </div>
          </>
        )}
      </div>
      {folder.element}
      {archive.element}
      <dl class="formats">
        {FORMATS.map(([name, detail]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{detail}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const SPLITS: Readonly<Record<FrameSplit, string>> = { train: "Training", val: "Validation", evaluation: "Evaluation" };

function FoundFiles({
  state,
  stage: { found },
}: {
  readonly state: DataState;
  readonly stage: Extract<Stage, { kind: "found" }>;
}) {
  const wanted = state.wanted.value;
  const existing = state.existing.value;
  const chosen = state.chosen.value;
  const obstacle = state.obstacle.value;
  const usage = state.usage.value;
  const room = preflight(wanted.frames, wanted.bytes, usage);
  const dropped = found.dropped.reduce((sum, each) => sum + each.count, 0);
  const isAll = chosen.size === found.sequences.length;
  const isWhole = found.known === undefined || found.known.frames === found.frames + dropped;
  return (
    <>
      <div class="data-scroll">
        <header class="view-head">
          <div>
            <h3>{found.title}</h3>
            <p class="hint">{found.name}</p>
          </div>
          <Segmented
            label="Split"
            options={found.splits.map((value) => ({ value, label: SPLITS[value] }))}
            value={state.split.value}
            onValue={(split) => void state.changeSplit(split)}
          />
        </header>
        <p class="found-count">
          <span class="value num">{count(found.frames)}</span> usable {found.frames === 1 ? "frame" : "frames"}
          {dropped > 0 && <span class="dim">, {plural(dropped, "frame")} named but not usable</span>}
        </p>
        <p class="count-note" data-verdict={isWhole ? "good" : "look"}>
          <Icon name={isWhole ? "check" : "warn"} />
          {found.totals}
        </p>
        <Reasons title="Not usable" reasons={found.dropped} />
        <Reasons title="Usable all the same" reasons={found.notes} />
        <div class="sequences-head">
          <label>
            <input
              type="checkbox"
              checked={isAll}
              ref={(element) => {
                if (element !== null) element.indeterminate = !isAll && chosen.size > 0;
              }}
              onChange={(event) =>
                state.toggle(
                  found.sequences.map(({ sequence }) => sequence),
                  event.currentTarget.checked,
                )
              }
            />
            {count(chosen.size)} of {plural(found.sequences.length, "sequence")}
          </label>
          <span class="hint">frames</span>
          <span class="hint">needs</span>
        </div>
        <ul class="sequences" aria-label="Sequences">
          {found.sequences.map(({ sequence: name, frames, bytes }) => (
            <li key={name}>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.has(name)}
                  onChange={(event) => state.toggle([name], event.currentTarget.checked)}
                />
                <span class="sequence-name">{name}</span>
              </label>
              <span class="num">{count(frames)}</span>
              <span class="num dim">{gigabytes(bytes)}</span>
            </li>
          ))}
        </ul>
      </div>
      <footer class="view-foot">
        <div class="field set-name">
          <label for="set-name">Name</label>
          <input
            id="set-name"
            autocomplete="off"
            spellcheck={false}
            value={state.name.value}
            onInput={(event) => (state.name.value = event.currentTarget.value)}
          />
        </div>
        <p class="foot-says" aria-live="polite">
          {obstacle ?? (
            <>
              {plural(wanted.frames, "frame")}, needs <strong class="num">{gigabytes(wanted.bytes)}</strong>
              {room.freeBytes !== undefined && (
                <span class={room.seemsToFit === false ? "bad" : "dim"}>
                  {" "}
                  of {gigabytes(room.freeBytes)} that the browser says are free
                </span>
              )}
              {existing !== undefined && (
                <span class="dim">
                  .{" "}
                  {stateSentence(existing) === undefined
                    ? "It is stored already: only frames that are not in it are read."
                    : "It goes on where it stopped."}
                </span>
              )}
            </>
          )}
        </p>
        <button type="button" onClick={() => state.startAgain()}>
          Other files
        </button>
        <button type="button" class="primary" disabled={obstacle !== undefined} onClick={() => void state.start()}>
          {existing === undefined ? "Import" : existing.state === "complete" ? "Add to it" : "Continue import"}
        </button>
      </footer>
    </>
  );
}

function Reasons({ title, reasons }: { readonly title: string; readonly reasons: readonly ReportRow[] }) {
  if (reasons.length === 0) return null;
  return (
    <section class="reasons">
      <h4>{title}</h4>
      <ul>
        {reasons.map(({ reason, count: n, first, message }) => (
          <li key={reason}>
            <span class="num">{count(n)}</span>
            <span>{reason}</span>
            <span class="hint" title={message ?? first}>
              first {message ?? first}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Running({
  state,
  stage: { name, progress },
}: {
  readonly state: DataState;
  readonly stage: Extract<Stage, { kind: "running" }>;
}) {
  const at = progress?.state ?? "reading";
  const isPaused = at === "paused" || at === "full";
  const share = progress === undefined || progress.total === 0 ? 0 : progress.done / progress.total;
  const left = progress?.secondsLeft;
  return (
    <div class="data-scroll running">
      <header class="view-head">
        <div>
          <h3>{at === "full" ? "The storage is full" : isPaused ? "Paused" : "Importing"}</h3>
          <p class="hint">{name}</p>
        </div>
        <div class="drop-buttons">
          <button type="button" onClick={() => void state.pauseOrResume()}>
            <Icon name={isPaused ? "play" : "pause"} />
            {at === "full" ? "Try again" : isPaused ? "Resume" : "Pause"}
          </button>
          <button type="button" onClick={() => void state.cancel()}>
            <Icon name="stop" />
            Stop
          </button>
        </div>
      </header>
      <p class="running-share">
        <span class="value num">{Math.floor(100 * share)} %</span>
        <span class="dim num">
          {progress === undefined
            ? "opening the store and the files"
            : isPaused
              ? at === "full"
                ? "waits for room"
                : "waits until you resume it"
              : left === undefined
                ? "measuring the speed"
                : `${duration(left)} left`}
        </span>
      </p>
      <div
        class="progress-track"
        role="progressbar"
        aria-label={`Import of ${name}`}
        aria-valuemin={0}
        aria-valuemax={progress?.total}
        aria-valuenow={progress?.done}
        data-open={progress === undefined}
      >
        <div class="progress-fill" style={progress === undefined ? {} : { transform: `scaleX(${share})` }} />
      </div>
      {progress?.message !== undefined && (
        <p class="state-note" role="alert">
          <Icon name="warn" />
          {sentence(progress.message)}
        </p>
      )}
      {progress !== undefined && (
        <dl class="tally">
          <Tally label="Looked at" value={count(progress.done)} note={`of ${count(progress.total)}`} />
          <Tally label="Kept" value={count(progress.kept)} note={gigabytes(progress.bytes)} />
          <Tally
            label="Dropped"
            value={count(progress.dropped)}
            note={progress.dropped > 0 ? "reasons in the report" : "none"}
          />
          <Tally
            label="Speed"
            value={fixed(progress.framesPerSecond, 0)}
            note={progress.before > 0 ? `frames/s, ${count(progress.before)} were in already` : "frames/s"}
          />
        </dl>
      )}
      <p class="hint">
        You can close this dialog, the import goes on. When the tab closes or crashes, what is committed stays:
        "Continue" at the set in the list goes on from there.
      </p>
    </div>
  );
}

function Tally({ label, value, note }: { readonly label: string; readonly value: string; readonly note: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span class="value num">{value}</span>
        <span class="hint num">{note}</span>
      </dd>
    </div>
  );
}

const ENDS: Record<ImportResult["state"], string> = {
  complete: "Imported",
  cancelled: "Stopped",
  full: "The storage is full",
  checked: "Checked",
};

const ADVICE: Record<ImportResult["state"], string> = {
  complete: "",
  cancelled: "What is stored stays. Choose the same files again to go on from here.",
  full: "What is stored stays. Make room, then choose the same files again to go on from here.",
  checked: "",
};

function Report({ state, onUse, isLocked, end: { result, text } }: Props & { readonly end: ImportEnd }) {
  const isComplete = result.state === "complete";
  const dropped = result.dropped.reduce((sum, each) => sum + each.count, 0);
  return (
    <div class="data-scroll report">
      <header class="view-head">
        <div>
          <h3>
            <span class="verdict" data-verdict={isComplete ? "good" : "look"}>
              <Icon name={isComplete ? "check" : "warn"} />
            </span>
            {ENDS[result.state]}
          </h3>
          <p class="hint">{result.name}</p>
        </div>
      </header>
      <p>
        {result.totals} {ADVICE[result.state]}
      </p>
      <dl class="tally">
        <Tally label="Kept" value={count(result.kept)} note={gigabytes(result.bytes)} />
        <Tally
          label="Dropped"
          value={count(dropped)}
          note={dropped === 0 ? "none" : plural(result.dropped.length, "reason")}
        />
        <Tally
          label="Looked at"
          value={count(result.done)}
          note={`of ${count(result.chosen)}${result.before > 0 ? `, ${count(result.before)} earlier` : ""}`}
        />
        <Tally
          label="Time"
          value={duration(result.seconds)}
          note={result.framesPerSecond === undefined ? "" : `${fixed(result.framesPerSecond, 0)} frames/s`}
        />
      </dl>
      <Reasons title="Dropped" reasons={result.dropped} />
      <Reasons title="Kept, with a remark" reasons={result.notes} />
      <div class="drop-buttons">
        {isComplete && (
          <button type="button" class="primary" onClick={() => void state.examine(result.name)}>
            Look at it
          </button>
        )}
        {isComplete && (
          <button type="button" disabled={isLocked} onClick={() => onUse(result.name)}>
            Train on it
          </button>
        )}
        <button
          type="button"
          onClick={() => download(`${result.name}-import.txt`, new Blob([text], { type: "text/plain" }))}
        >
          <Icon name="download" />
          Save report
        </button>
        <button type="button" onClick={() => state.startAgain()}>
          Import another
        </button>
      </div>
    </div>
  );
}
