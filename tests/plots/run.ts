/** Draws docs/images/findings: each symptom from numbers of the doctor's own probes, with and without the fault. `npm run findings-plots`. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Chart, drawChart } from "./chart";
import { dataCharts } from "./data-charts";
import { networkCharts } from "./network-charts";
import { scheduleCharts } from "./schedule-charts";

const FOLDER = "docs/images/findings";

/** Kinds that are named, or all. */
async function main(kinds: readonly string[]): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const all: Readonly<Record<string, () => Promise<ReadonlyMap<string, Chart>>>> = {
    schedule: scheduleCharts,
    data: dataCharts,
    network: networkCharts,
  };
  for (const [kind, make] of Object.entries(all)) {
    if (kinds.length > 0 && !kinds.includes(kind)) continue;
    for (const [id, chart] of await make()) {
      const text = drawChart(chart);
      await writeFile(join(FOLDER, `${id}.svg`), text);
      process.stdout.write(`${id}.svg ${text.length} bytes\n`);
    }
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
