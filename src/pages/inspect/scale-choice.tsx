import type { LookView } from "../../train/inspect/types";
import { Segmented } from "../widgets/field";

interface ScaleChoiceProps {
  readonly view: LookView;
  readonly scale: number;
  readonly onScale: (scale: number) => void;
}

/** Chooses one of the feature maps by its size. */
export function ScaleChoice({ view, scale, onScale }: ScaleChoiceProps) {
  return (
    <Segmented
      label="Map"
      options={view.sampling.map((each) => ({ value: String(each.scale), label: `${each.rows} × ${each.columns}` }))}
      value={String(scale)}
      onValue={(value) => onScale(Number(value))}
    />
  );
}
