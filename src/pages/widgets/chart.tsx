import { useRef } from "preact/hooks";
import { LineChart, type LineChartProps } from "./line-chart";
import { useIsland } from "./use-island";

/** A line chart with a sentence for those who cannot see it, which stays as it is while it has the focus: it would be read anew. */
export function Chart({
  label,
  onKeyMove,
  ...props
}: LineChartProps & {
  readonly label: string;
  /** The cursor was moved with the keyboard. */
  readonly onKeyMove: () => void;
}) {
  const element = useIsland(() => new LineChart(), props as LineChartProps);
  const told = useRef(label);
  if (element.current === null || document.activeElement !== element.current) told.current = label;
  return (
    // biome-ignore-start lint/a11y/noNoninteractiveTabindex: its cursor and its range are moved with the keyboard as with the pointer.
    <div
      ref={element}
      class="chart"
      role="img"
      tabIndex={0}
      aria-label={told.current}
      onKeyUp={({ key, shiftKey }) => {
        if ((key === "ArrowLeft" || key === "ArrowRight") && !shiftKey) onKeyMove();
      }}
    />
    // biome-ignore-end lint/a11y/noNoninteractiveTabindex: see above.
  );
}
