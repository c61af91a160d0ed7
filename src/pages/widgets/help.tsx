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
      ["Shift T", "Light or dark"],
      ["?", "This help"],
    ],
  },
  {
    title: "Charts and samples",
    keys: [
      ["L", "Logarithmic axis of losses and gradient norm"],
      ["T", "Tables in place of the charts"],
      ["← →", "Move the cursor of all charts (when one has the focus; with Shift the range)"],
      ["+ − 0", "Zoom the range of all charts, show all of it"],
      ["M", "Mesh over the sample"],
      ["D", "Depth in place of colour"],
    ],
  },
  {
    title: "Profile",
    keys: [
      ["W S", "Zoom the timeline, about the pointer"],
      ["A D", "Move the timeline"],
      ["← →", "Previous and next kernel (when the timeline has the focus)"],
      ["R", "Select what is seen, with sums (when the timeline has the focus)"],
      ["Home", "All of the step"],
    ],
  },
  {
    title: "Inspect",
    keys: [
      ["← → ↑ ↓", "Choose a sample in the table (Home, End, Page keys go further), Enter opens it"],
      ["J K", "Next, previous sample, in the table's order"],
      ["G", "Back to the table"],
      ["[ ]", "Previous, next stage of the sample"],
      ["T P M", "Truth, prediction, mesh"],
      ["D H", "Depth in place of colour, error heat"],
      ["B W C", "In 3D: bones, wires, coarse hand"],
      ["S", "Keep the sample among its run's files, or forget it there"],
      ["R", "Ask again, with the weights as they are by now"],
      ["Esc", "Do not wait for the rank's answer"],
      ["↑ ↓", "Choose a joint (in the table of joints), a stage (in the list of stages)"],
    ],
  },
  {
    title: "Hand in 3D, when it has the focus",
    keys: [
      ["1 2 3 4", "Orbit, camera, top, side"],
      ["← → ↑ ↓", "Turn the hand"],
      ["+ −", "Zoom"],
      ["Home", "Original view"],
    ],
  },
];

/** Two groups below each other, of which three fit beside each other on a usual screen. */
const COLUMNS = [0, 2, 4].map((first) => GROUPS.slice(first, first + 2));

function Group({ title, keys }: (typeof GROUPS)[number]) {
  return (
    <section>
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
  );
}

/** Shortcuts, and what the page does with data. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <div class="help">
        {COLUMNS.map((groups) => (
          <div key={groups[0].title}>
            {groups.map((group) => (
              <Group key={group.title} {...group} />
            ))}
          </div>
        ))}
      </div>
      <p class="hint">
        Images, hand models, weights and logs stay in this browser. Runs are kept in its storage until you delete them.
      </p>
    </Dialog>
  );
}
