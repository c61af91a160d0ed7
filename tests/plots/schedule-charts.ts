/** Faults of the learning rate, of clipping and of the scoring. */
import type { Config } from "../../src/config";
import { tiny } from "../../src/config";
import type { QuirkName } from "../../src/config/quirks";
import { scoringEvidence } from "../../src/train/probes/scoring";
import { ratesAt } from "../../src/train/rates";
import type { Chart, Marks } from "./chart";

const STEPS = 300;
const RESUMED = 180;

const configWith = (quirks: readonly QuirkName[]): Config => {
  const base = tiny();
  return { ...base, optim: { ...base.optim, lr: 1e-3, lrBackbone: 1e-4, warmupSteps: 60 }, quirks };
};

function rates(which: "head" | "backbone", quirks: readonly QuirkName[], resumed = 0): (readonly [number, number])[] {
  const config = configWith(quirks);
  return Array.from({ length: STEPS / 4 }, (_, i) => {
    const step = 4 * i;
    return [step, ratesAt(config, STEPS, step, step >= resumed ? resumed : 0)[which]] as const;
  });
}

const rateChart = (title: string, marks: readonly Marks[]): Chart => ({
  title,
  x: { label: "step", range: [0, STEPS] },
  y: { label: "learning rate", range: [0, 1e-3], ticks: [0, 2.5e-4, 5e-4, 7.5e-4, 1e-3] },
  marks,
});

const line = (name: string, tone: Marks["tone"], points: Marks["points"]): Marks => ({
  name,
  tone,
  kind: "line",
  points,
});

export async function scheduleCharts(): Promise<ReadonlyMap<string, Chart>> {
  const heads = line("configured", "healthy", rates("head", []));
  const backbone = line("backbone", "grey", rates("backbone", []));
  const scored = async (quirk?: QuirkName) =>
    scoringEvidence(new Set<string>(quirk ? [quirk] : []), { step: 0, ranks: 2 });
  const [right, share, padded, nan] = [
    await scored(),
    await scored("val-rank0-only"),
    await scored("val-padded"),
    await scored("nan-as-zero"),
  ];
  const names = ["configured", "with the fault"];
  const bars = (values: readonly [number, number]): Marks[] => [
    { name: names[0], tone: "healthy", kind: "bars", points: [[0, values[0]]] },
    { name: names[1], tone: "faulty", kind: "bars", points: [[1, values[1]]] },
  ];
  const known = (title: string, label: string, top: number, values: readonly [number, number]): Chart => ({
    title,
    x: { label: "five known hands, one of them NaN, on two ranks", range: [-0.5, 1.5], names },
    y: { label, range: [0, top] },
    marks: bars(values),
  });
  const norms = Array.from({ length: 49 }, (_, i) => 10 ** (-2 + i / 12));
  return new Map<string, Chart>([
    [
      "no-warmup",
      rateChart("The rate starts at its peak", [heads, line("no warm-up", "faulty", rates("head", ["no-warmup"]))]),
    ],
    [
      "one-learning-rate",
      rateChart("Fresh layers learn at the backbone's rate", [
        heads,
        line("heads with one rate for all", "faulty", rates("head", ["one-learning-rate"])),
      ]),
    ],
    [
      "frozen-backbone",
      rateChart("The backbone's rate is 0", [
        heads,
        backbone,
        line("frozen backbone", "faulty", rates("backbone", ["frozen-backbone-lr0"])),
      ]),
    ],
    [
      "lr-restarted",
      rateChart(`A run that is resumed at step ${RESUMED}`, [
        heads,
        line("schedule not restored", "faulty", rates("head", ["scheduler-not-restored"], RESUMED)),
      ]),
    ],
    [
      "gradients-rescaled",
      {
        title: "What leaves the clipping, by what enters it",
        x: { label: "norm of the gradient", range: [0.01, 100], isLog: true },
        y: { label: "norm after clipping", range: [0.01, 10], isLog: true },
        marks: [
          line(
            "min(1, 1 / norm)",
            "healthy",
            norms.map((norm) => [norm, norm * Math.min(1, 1 / (norm + 1e-6))]),
          ),
          line(
            "1 / norm, whatever it is",
            "faulty",
            norms.map((norm) => [norm, norm / (norm + 1e-6)]),
          ),
        ],
      },
    ],
    ["evaluated-on-one-rank", known("How many of five hands are scored", "hands", 5, [right.samples, share.samples])],
    ["samples-counted-twice", known("How many of five hands are counted", "hands", 8, [right.samples, padded.samples])],
    [
      "nan-scored-as-zero",
      known("MPJPE of hands that are 9.52 mm off, one NaN", "mm", 40, [right.foundMm ?? 0, nan.foundMm ?? 0]),
    ],
  ]);
}
