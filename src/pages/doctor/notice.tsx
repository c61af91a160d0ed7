import { useStore } from "../context";
import type { Setup } from "../train/setup";
import { Icon } from "../widgets/icons";
import { FindingActions, SeverityMark } from "./finding-view";
import type { DoctorState } from "./state";

/** The gravest finding above a note that nobody has dismissed, where it cannot be overlooked. */
export function FindingNotice({ setup, doctor }: { readonly setup: Setup; readonly doctor: DoctorState }) {
  const store = useStore();
  store.tick.value;
  const seen = store.findingsSeen.value;
  const unseen = (store.history.diagnoses ?? []).filter(
    ({ id, severity }) => severity !== "note" && !seen.includes(id),
  );
  const cause = store.stoppedBy.value;
  const first = unseen.find(({ id }) => id === cause?.id) ?? unseen[0];
  // In full just below: the title will do, and the charts keep their room.
  const chosen = doctor.chosen.value;
  const isOpen = store.route.value.page === "train" && store.panel.value === "doctor";
  const isBelow = isOpen && (chosen === undefined || (chosen.source === "run" && chosen.id === first?.id));
  return (
    <div class="banners" role="alert">
      {first !== undefined && (
        <div class="banner finding-notice" data-severity={first.severity}>
          <SeverityMark severity={first.severity} />
          <div>
            <p>
              <strong>
                {cause === first && "The doctor stopped the run: "}
                {first.title}.
              </strong>{" "}
              {!isBelow && first.sentence}
              {!isBelow && first.severity === "fatal" && (
                <>
                  {" "}
                  <strong>What to do:</strong> {first.remedy}
                </>
              )}
            </p>
            {cause === first && !isBelow && <FindingActions finding={first} setup={setup} />}
          </div>
          {!isBelow && (
            <button
              type="button"
              class="small"
              onClick={() => {
                doctor.chosen.value = { source: "run", id: first.id };
                store.showPanel("doctor");
              }}
            >
              {unseen.length > 1 ? `Show all ${unseen.length}` : "Show the finding"}
            </button>
          )}
          <button
            type="button"
            class="quiet"
            aria-label="Dismiss the findings' notice"
            onClick={() => store.dismissFindings()}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
