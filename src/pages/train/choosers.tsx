import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useStore } from "../context";
import { bytes } from "../format";
import { messageOf } from "../store";
import { NumberField, Segmented } from "../widgets/field";
import { Icon } from "../widgets/icons";
import { canPickDirectory, fromDrop, fromInput, pickDirectory } from "./folder";
import type { Folder, Setup } from "./setup";

/** Handlers that make an element take what is dropped on it. */
function useDrop(onDrop: (transfer: DataTransfer) => void) {
  const isOver = useSignal(false);
  return {
    isOver: isOver.value,
    handlers: {
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        isOver.value = true;
      },
      onDragLeave: () => {
        isOver.value = false;
      },
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        isOver.value = false;
        if (event.dataTransfer !== null) onDrop(event.dataTransfer);
      },
    },
  };
}

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
      if (!/\.(pkl|pickle)$/i.test(file.name)) {
        throw new Error(`"${file.name}" is no pickle, expected MANO_RIGHT.pkl from the MANO download.`);
      }
      setup.hand.value = { kind: "mano", name: file.name, bytes: await file.arrayBuffer() };
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
          { value: "mano", label: "MANO file", title: "Your own MANO_RIGHT.pkl, read here and never uploaded" },
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
        accept=".pkl,.pickle"
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

/** Rendered hands, or an HO-3D folder. */
export function DataChooser({ setup }: { readonly setup: Setup }) {
  const store = useStore();
  const input = useRef<HTMLInputElement>(null);
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
  const choose = () => (canPickDirectory() ? take(pickDirectory) : input.current?.click());
  const { isOver, handlers } = useDrop((transfer) => {
    if (store.isActive.value) return;
    setup.dataKind.value = "folder";
    take(() => fromDrop(transfer, (files) => (reading.value = files)));
  });
  const folder = setup.folder.value;
  return (
    <div class="chooser" data-over={isOver} {...handlers}>
      <Segmented
        label="Data"
        isLabelShown
        options={[
          { value: "synthetic", label: "Synthetic", title: "RGB-D frames rendered from the chosen hand" },
          { value: "folder", label: "HO-3D folder", title: "HO-3D v2 or v3 on this machine" },
        ]}
        value={setup.dataKind.value}
        onValue={(kind) => (setup.dataKind.value = kind)}
      />
      {setup.dataKind.value === "synthetic" ? (
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
      ) : (
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
      <input
        ref={(element) => {
          input.current = element;
          element?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        multiple
        class="sr-only"
        tabIndex={-1}
        aria-label="HO-3D folder"
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files !== null && files.length > 0) take(() => fromInput(files));
        }}
      />
      {problem.value !== "" && <p class="problem">{problem.value}</p>}
    </div>
  );
}
