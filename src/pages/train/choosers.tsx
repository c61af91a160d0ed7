import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { wholeBlob } from "../../data/blob-bytes";
import { useStore } from "../context";
import type { DataState } from "../data/state";
import { bytes, plural } from "../format";
import { messageOf } from "../store";
import { NumberField, Segmented } from "../widgets/field";
import { useFolderInput } from "../widgets/folder-input";
import { Icon } from "../widgets/icons";
import { useDrop } from "../widgets/use-drop";
import { canPickDirectory, fromDrop, fromInput, pickDirectory } from "./folder";
import type { Folder, Setup } from "./setup";

/** OpenHand, or a MANO file of the person's own. */
export function HandChooser({ setup }: { readonly setup: Setup }) {
  const store = useStore();
  const input = useRef<HTMLInputElement>(null);
  const problem = useSignal("");
  const hand = setup.hand.value;
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    problem.value = "";
    try {
      if (!/\.(pkl|pickle|npz)$/i.test(file.name)) {
        throw new Error(
          `"${file.name}" is neither .pkl nor .npz, expected MANO_RIGHT.pkl from the MANO download, or it as .npz.`,
        );
      }
      setup.hand.value = { kind: "mano", name: file.name, bytes: (await wholeBlob(file)).buffer };
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  const { isOver, handlers } = useDrop((transfer) => {
    if (!store.isActive.value) take(transfer.files[0]);
  });
  return (
    <div class="chooser" data-over={isOver} {...handlers}>
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
          else input.current?.click();
        }}
      />
      <input
        ref={input}
        type="file"
        accept=".pkl,.pickle,.npz"
        class="sr-only"
        tabIndex={-1}
        aria-label="MANO file"
        onChange={(event) => take(event.currentTarget.files?.[0])}
      />
      {hand.kind === "mano" && (
        <p class="chosen">
          <Icon name="hand" /> {hand.name}, {bytes(hand.bytes.byteLength)}
        </p>
      )}
      {problem.value !== "" && <p class="problem">{problem.value}</p>}
    </div>
  );
}

/** Rendered hands, an imported set, or a folder that is read as it is. */
export function DataChooser({ setup, data }: { readonly setup: Setup; readonly data: DataState }) {
  const store = useStore();
  const problem = useSignal("");
  const reading = useSignal<number | undefined>(undefined);
  const take = async (get: () => Promise<Folder | undefined> | Folder) => {
    problem.value = "";
    try {
      const folder = await get();
      if (folder !== undefined) setup.folder.value = folder;
    } catch (error) {
      problem.value = messageOf(error);
    }
    reading.value = undefined;
  };
  const input = useFolderInput("Folder to train on", (files) => take(() => fromInput(files)));
  const choose = () => (canPickDirectory() ? take(pickDirectory) : input.open());
  const { isOver, handlers } = useDrop((transfer) => {
    if (store.isActive.value) return;
    setup.dataKind.value = "folder";
    take(() => fromDrop(transfer, (files) => (reading.value = files)));
  });
  const folder = setup.folder.value;
  const kind = setup.dataKind.value;
  return (
    <div class="chooser" data-over={isOver} {...handlers}>
      <Segmented
        label="Data"
        isLabelShown
        options={[
          { value: "synthetic", label: "Synthetic", title: "RGB-D frames rendered from the chosen hand" },
          { value: "stored", label: "Imported", title: "A data set that was imported into this browser" },
          { value: "folder", label: "Folder", title: "Files on this machine, read as they are" },
        ]}
        value={kind}
        onValue={(value) => {
          setup.dataKind.value = value;
          if (value === "stored") void data.refresh();
        }}
      />
      {kind === "synthetic" && (
        <div class="field-grid">
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
        </div>
      )}
      {kind === "stored" && <StoredChooser setup={setup} data={data} />}
      {kind === "folder" && (
        <div class="drop">
          <button type="button" onClick={choose}>
            <Icon name="folder" />
            {folder === undefined ? "Choose folder" : "Choose another"}
          </button>
          <p aria-live="polite">
            {reading.value !== undefined
              ? `Reading the folder, ${reading.value} files so far`
              : folder === undefined
                ? "or drop it here"
                : `${folder.name}, ${folder.detail}`}
          </p>
        </div>
      )}
      {input.element}
      {problem.value !== "" && <p class="problem">{problem.value}</p>}
    </div>
  );
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
