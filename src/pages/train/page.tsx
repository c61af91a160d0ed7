/** Set-up, charts, the current sample, log: one screen. */
import { useSignal } from "@preact/signals";
import { useStore } from "../context";
import { DataDialog } from "../data/dialog";
import type { DataState } from "../data/state";
import type { DoctorState } from "../doctor/state";
import { useWindowDrop } from "../widgets/use-drop";
import { useKeys } from "../widgets/use-keys";
import { BottomPanel } from "./bottom-panel";
import { Charts } from "./charts";
import { kindOfDrop } from "./dropped";
import { fromDrop } from "./folder";
import { Readouts } from "./readouts";
import { RunBar } from "./run-bar";
import { SamplePanel } from "./sample-panel";
import type { Setup } from "./setup";
import { SetupPanel } from "./setup-panel";

export function TrainPage({
  setup,
  data,
  doctor,
}: {
  readonly setup: Setup;
  readonly data: DataState;
  readonly doctor: DoctorState;
}) {
  const store = useStore();
  const isWide = useSignal(false);
  // A finished continuation is not continued a second time by the same button: its history has moved on.
  const start = () => {
    const { earlier } = setup;
    const options = setup.options(new Date());
    setup.forgetStored();
    return store.start(options, earlier);
  };
  const act = () => {
    if (store.state.value === "running") store.pause();
    else if (store.state.value === "paused") store.resume();
    else if (!store.isActive.value && setup.canStart.value && store.adapter.value.kind !== "missing") {
      if (setup.folderToOpen === undefined) start();
      // The browser asks for a folder of an earlier visit again, and only in a click.
      else
        void setup.openFolder().then((isOpen) => {
          if (isOpen && !store.isActive.value) void start();
        });
    }
  };
  const takeDropped = (transfer: DataTransfer): void => {
    const files = [...transfer.files];
    const kind = kindOfDrop(transfer);
    if (kind !== "log" && kind !== "archive" && store.isActive.value) {
      store.addProblem(
        `${files[0]?.name ?? "What was dropped"} was not taken: the set-up is locked while the run lasts; stop the run first, then drop it again.`,
      );
    } else if (kind === "config") void setup.takeConfig(files[0]);
    else if (kind === "hand") void setup.takeHand(files[0]);
    else if (kind === "folder")
      void setup.takeFolder(() => fromDrop(transfer, (count) => (setup.walked.value = count)));
    else if (kind === "archive") {
      store.showPanel("runs");
      void store.runs.importZip(files[0]);
    } else {
      store.showPanel("doctor");
      doctor.read(files);
    }
  };
  const isOver = useWindowDrop(takeDropped);
  useKeys({ Space: act, s: () => store.stop(), ".": () => store.step() });
  return (
    <div
      class="train"
      data-wide={isWide.value}
      data-active={store.isActive.value}
      data-panel={store.panel.value}
      data-over={isOver}
    >
      <h1 class="sr-only">Train</h1>
      <SetupPanel setup={setup} data={data} isWide={isWide} />
      <RunBar setup={setup} onAct={act} />
      <div class="centre">
        <Readouts />
        <Charts onStart={act} setup={setup} />
      </div>
      <SamplePanel />
      <BottomPanel setup={setup} doctor={doctor} />
      {data.isOpen.value && (
        <DataDialog
          state={data}
          onUse={(name) => setup.useStoredSet(name)}
          onUseRendered={() => (setup.dataKind.value = "synthetic")}
          isLocked={store.isActive.value}
        />
      )}
    </div>
  );
}
