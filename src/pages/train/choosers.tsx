import { useEffect } from "preact/hooks";
import { useStore } from "../context";
import type { DataState } from "../data/state";
import { bytes, plural } from "../format";
import { NumberField, Segmented } from "../widgets/field";
import { useFileInput } from "../widgets/file-input";
import { useFolderInput } from "../widgets/folder-input";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import { isNoneOf } from "./dropped";
import { canPickDirectory, fromDrop, fromInput, pickDirectory } from "./folder";
import type { Setup } from "./setup";

/** OpenHand, or a MANO file of the person's own. */
export function HandChooser({ setup }: { readonly setup: Setup }) {
  const store = useStore();
  const input = useFileInput("MANO file", ([file]) => take(file), { accept: ".pkl,.pickle,.npz" });
  const hand = setup.hand.value;
  const take = (file: File | undefined) => {
    if (file !== undefined && !store.isActive.value) void setup.takeHand(file);
  };
  const { isOver, handlers } = useDrop(
    (transfer) => take(transfer.files[0]),
    (transfer) => !store.isActive.value && isNoneOf(["config", "folder", "archive"])(transfer),
  );
  return (
    <div class="chooser hand-chooser" data-over={isOver} {...handlers}>
      <Segmented
        label="Hand"
        isLabelShown
        options={[
          { value: "openhand", label: "OpenHand", title: "The free hand that comes with Handloom" },
          { value: "mano", label: "MANO file", title: "Your own MANO_RIGHT.pkl or .npz, read here and never uploaded" },
        ]}
        value={hand.kind}
        onValue={(kind) => {
          if (kind === "openhand") setup.hand.value = { kind };
          else input.open();
        }}
      />
      {input.element}
      {hand.kind === "mano" && (
        <p class="chosen">
          <Icon name="hand" /> {hand.name}, {bytes(hand.bytes.byteLength)}
        </p>
      )}
      <Refused sentence={setup.refused.hand.value} />
    </div>
  );
}

function Refused({ sentence }: { readonly sentence: string }) {
  return (
    <div role="status" class="refused">
      {sentence !== "" && <p class="problem">{sentence}</p>}
    </div>
  );
}

/** Rendered hands, an imported set, or a folder that is read as it is; and in a sentence what was chosen. */
export function DataChooser({ setup, data }: { readonly setup: Setup; readonly data: DataState }) {
  const store = useStore();
  const input = useFolderInput("Folder to train on", (files) => setup.takeFolder(() => fromInput(files)));
  const choose = () => (canPickDirectory() ? setup.takeFolder(pickDirectory) : input.open());
  const { isOver, handlers } = useDrop(
    (transfer) => void setup.takeFolder(() => fromDrop(transfer, (files) => (setup.walked.value = files))),
    (transfer) => !store.isActive.value && isNoneOf(["config", "hand", "archive"])(transfer),
  );
  const folder = setup.folder.value;
  const kind = setup.dataKind.value;
  const last = setup.lastFolder.value;
  useEffect(() => void setup.recallFolder(), []);
  return (
    <div class="chooser" data-over={isOver} {...handlers}>
      <Segmented
        label="Data"
        options={[
          { value: "synthetic", label: "Synthetic", title: "RGB-D frames rendered from the chosen hand" },
          { value: "stored", label: "Imported", title: "A data set that was imported into this browser" },
          { value: "folder", label: "Folder", title: "Files on this machine, read as they are" },
        ]}
        value={kind}
        onValue={(value) => {
          setup.dataKind.value = value;
          setup.refused.folder.value = "";
          if (value === "stored") void data.refresh();
        }}
      />
      {kind === "synthetic" && (
        <div class="field-grid data-fields">
          <NumberField
            label="Frames"
            min={2}
            value={setup.frames.value}
            onValue={(value) => (setup.frames.value = value)}
          />
          <NumberField
            label="Data seed"
            min={0}
            value={setup.dataSeed.value}
            onValue={(value) => (setup.dataSeed.value = value)}
          />
          <button type="button" onClick={() => data.open({ kind: "synthetic" })}>
            <Icon name="hand" />
            Look at them
          </button>
        </div>
      )}
      {kind === "stored" && <StoredChooser setup={setup} data={data} />}
      {kind === "folder" && (
        <div class="drop">
          <button type="button" onClick={choose}>
            <Icon name="folder" />
            {folder === undefined ? "Choose folder" : "Choose another"}
          </button>
          {folder === undefined && last !== undefined && (
            <button type="button" title="The folder of the last visit" onClick={() => void setup.useLastFolder()}>
              Use {last.name} again
            </button>
          )}
          <p aria-live="polite">
            {setup.walked.value !== undefined
              ? `Reading the folder, ${plural(setup.walked.value, "file")} so far`
              : folder === undefined
                ? "or drop it on this page"
                : `${folder.name}, ${folder.detail}`}
          </p>
        </div>
      )}
      {input.element}
      <p class="hint data-says">{dataSentence(setup, data)}</p>
      {setup.trainedOn.value !== undefined && <p class="hint data-before">So far: {setup.trainedOn.value}.</p>}
      <Refused sentence={setup.refused.folder.value} />
    </div>
  );
}

/** What the next run is trained and validated on. */
function dataSentence(setup: Setup, data: DataState): string {
  const { config } = setup.reading.value;
  const split =
    config === undefined
      ? ""
      : config.data.overfit
        ? "; validated on the same frames"
        : `; about ${Math.round(100 * config.data.valFraction)} % to validate on, whole ${config.data.splitBy}s`;
  switch (setup.dataKind.value) {
    case "synthetic": {
      const hand =
        setup.hand.value.kind === "openhand"
          ? "OpenHand"
          : setup.hand.value.kind === "mano"
            ? setup.hand.value.name
            : "the hand";
      return `${plural(setup.frames.value, "RGB-D frame")} rendered from ${hand}${split}.`;
    }
    case "stored": {
      const set = data.usable.value.find(({ name }) => name === setup.storedSet.value);
      if (set !== undefined) return `${set.name}, ${plural(set.kept, "frame")} stored in this browser${split}.`;
      return setup.storedSet.value === ""
        ? "No set is chosen yet: import one below, from HO-3D, DexYCB and others."
        : `${setup.storedSet.value}, stored in this browser${split}.`;
    }
    case "folder":
      return setup.folder.value === undefined
        ? "No folder is chosen yet: the top folder of HO-3D, for one."
        : `${setup.folder.value.name}, read when the run starts${split}.`;
  }
}

function StoredChooser({ setup, data }: { readonly setup: Setup; readonly data: DataState }) {
  const sets = data.usable.value;
  const chosen = setup.storedSet.value;
  const isKnown = sets.some(({ name }) => name === chosen);
  return (
    <div class="stored-chooser">
      {sets.length === 0 ? (
        <p class="hint">{data.isListed.value ? "Nothing is imported yet." : "Looking for imported sets."}</p>
      ) : (
        <select
          aria-label="Imported data set"
          value={isKnown ? chosen : ""}
          onChange={(event) => (setup.storedSet.value = event.currentTarget.value)}
        >
          {!isKnown && <option value="">Choose a set</option>}
          {sets.map(({ name, kept }) => (
            <option key={name} value={name}>
              {name}, {plural(kept, "frame")}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

/** Opens the data-set dialog, and shows how far an import is while it is closed. Usable while a run lasts. */
export function DataButton({ data }: { readonly data: DataState }) {
  const stage = data.stage.value;
  const progress = stage.kind === "running" ? stage.progress : undefined;
  return (
    <button
      type="button"
      class="data-button"
      onClick={() => data.open(stage.kind === "running" ? { kind: "import" } : undefined)}
    >
      <Icon name="box" />
      <span>Data sets</span>
      {stage.kind === "running" ? (
        <span class="hint num">
          importing, {progress === undefined ? 0 : Math.floor((100 * progress.done) / Math.max(1, progress.total))} %
        </span>
      ) : (
        <span class="hint">import, look, check</span>
      )}
    </button>
  );
}
