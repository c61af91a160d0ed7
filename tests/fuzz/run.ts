/** `npm run fuzz [-- --format NAME] [--runs N] [--from N] [--seed N]`: the whole of it, or a piece. */
import { parseArgs } from "node:util";
import { fuzz, type Outcome } from "./fuzz";
import { TARGETS, targetNamed } from "./targets";

const { values } = parseArgs({
  options: {
    format: { type: "string" },
    runs: { type: "string" },
    from: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
  },
});

const [seed, from] = [Number(values.seed), Number(values.from)];
const number = (value: number): string => value.toLocaleString("en-US");

function summary({ format, runs, accepted, refused, slowestMs, growthBytes, failures }: Outcome): string {
  const reasons = [...refused].sort(([, a], [, b]) => b - a).map(([reason, times]) => `${reason} ${number(times)}`);
  const bad = new Map<string, number>();
  for (const { kind } of failures) bad.set(kind, (bad.get(kind) ?? 0) + 1);
  const verdict = bad.size === 0 ? "0 failures" : [...bad].map(([kind, times]) => `${times} ${kind}`).join(", ");
  return `${format}: ${number(runs)} inputs of seed ${seed}, ${number(accepted)} accepted, ${number(runs - accepted - failures.length)} refused (${reasons.join(", ")}), slowest ${slowestMs.toFixed(0)} ms, memory +${Math.max(0, growthBytes >> 20)} MiB: ${verdict}`;
}

let failed = false;
for (const target of values.format === undefined ? TARGETS : [targetNamed(values.format)]) {
  const to = from + (values.runs === undefined ? target.runs - from : Number(values.runs));
  const start = performance.now();
  const outcome = await fuzz(target, {
    seed,
    from,
    to,
    onProgress: ({ runs, failures }) => {
      if (process.stderr.isTTY || runs % 50_000 === 0) {
        const perSecond = (1000 * runs) / (performance.now() - start);
        process.stderr.write(
          `${target.name}: ${number(runs)} of ${number(to - from)}, ${failures.length} failures, ${number(Math.round(perSecond))}/s\n`,
        );
      }
    },
  });
  console.log(summary(outcome));
  for (const { kind, what, index, file } of outcome.failures.slice(0, 5)) {
    console.log(`  ${kind} at input ${index}: ${what}\n  ${file.length > 8000 ? "(long file)" : file}`);
  }
  failed ||= outcome.failures.length > 0;
}
process.exitCode = failed ? 1 : 0;
