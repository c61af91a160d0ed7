import { LineChart, type LineChartProps } from "./line-chart";
import { useIsland } from "./use-island";

/** A line chart with a sentence for those who cannot see it. */
export function Chart({ label, ...props }: LineChartProps & { readonly label: string }) {
  const element = useIsland(() => new LineChart(), props as LineChartProps);
  return <div ref={element} class="chart" role="img" aria-label={label} />;
}
