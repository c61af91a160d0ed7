import { Dialog } from "./dialog";

const GROUPS: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: "Run",
    keys: [
      ["Space", "Start, pause, resume"],
      [".", "One step, while paused"],
      ["S", "Stop after this step, with a checkpoint"],
    ],
  },
  {
    title: "Pages",
    keys: [
      ["1", "Train"],
      ["2", "Profile"],
      ["3", "Inspect"],
      ["T", "Light or dark"],
      ["?", "This help"],
    ],
  },
  {
    title: "Charts and samples",
    keys: [
      ["L", "Logarithmic axis of losses and gradient norm"],
      ["← →", "Move the cursor of all charts (when one has the focus; with Shift the range)"],
      ["+ − 0", "Zoom the range of all charts, show all of it"],
      ["M", "Mesh over the sample"],
      ["D", "Depth in place of colour"],
    ],
  },
  {
    title: "Inspect",
    keys: [
      ["J", "Next sample"],
      ["K", "Previous sample"],
      ["← → ↑ ↓", "Turn the hand (when it has the focus)"],
      ["+ −", "Zoom the hand"],
      ["Home", "Original view of the hand"],
      ["1 2 3 4", "Orbit, camera, top, side (when the hand has the focus)"],
    ],
  },
];

/** Shortcuts, and what the page does with data. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <div class="help">
        {GROUPS.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    {key.split(" ").map((each) => (
                      <kbd key={each}>{each}</kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="hint">
        Images, hand models, weights and logs stay in this browser. Runs are kept in its storage until you delete them.
      </p>
    </Dialog>
  );
}
