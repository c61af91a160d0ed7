import { LineChart, type LineChartProps } from "./line-chart";
import { useIsland } from "./use-island";

/** A line chart with a sentence for those who cannot see it. */
export function Chart({ label, ...props }: LineChartProps & { readonly label: string }) {
  const element = useIsland(() => new LineChart(), props as LineChartProps);
  return (
    // Its cursor and its range are moved with the keyboard as with the pointer.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
    <div ref={element} class="chart" role="img" tabIndex={0} aria-label={label} />
  );
}
