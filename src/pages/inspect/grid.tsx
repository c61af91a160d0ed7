/** The way from the table of samples to one of them. */
import { useEffect } from "preact/hooks";
import { Segmented } from "../widgets/field";
import { sampleAddress } from "./address";
import type { InspectState } from "./state";

/** Links to the samples of a split, by number. */
export function SampleGrid({ state }: { readonly state: InspectState }) {
  useEffect(() => {
    state.problem.value = undefined;
  }, []);
  const split = state.split.value;
  return (
    <section class="sample-links" aria-label="Samples">
      <Segmented
        label="Split"
        isLabelShown
        options={[
          { value: "val", label: "Validation" },
          { value: "train", label: "Training" },
        ]}
        value={split}
        onValue={(value) => {
          state.split.value = value;
        }}
      />
      <ol>
        {Array.from({ length: state.size() }, (_, index) => (
          <li key={index}>
            <a href={sampleAddress({ split, index })}>Sample {index}</a>
          </li>
        ))}
      </ol>
    </section>
  );
}
