import { MOST_RANKS } from "../../ranks/group-memory";
import type { EvaluationView } from "../../train/data";
import { defineCommand, readInteger, type Values } from "../command";
import { type CheckpointFile, readCheckpointFile } from "../evaluation/checkpoint-file";
import { closeEvaluation, type EvaluationChoice, openEvaluation } from "../evaluation/data";
import { writePredictions } from "../evaluation/predictions";
import type { Scored } from "../evaluation/score";
import { openScorer } from "../evaluation/scorer";
import { tables } from "../evaluation/tables";
import { clock, readDataOption } from "../run-setup";
import { TrainReporter } from "../train-reporter";

const options = {
  run: { type: "string", value: "DIR", help: "run folder, its last checkpoint; or --checkpoint" },
  checkpoint: {
    type: "string",
    value: "FILE",
    help: "model.safetensors of a checkpoint, its state.json beside it; or --run",
  },
  data: {
    type: "string",
    value: "DIR|synthetic[:N]",
    help: "HO-3D, DexYCB or HandOccNet's JSON beside images, or N rendered frames; for --split val what the run was given",
    default: "synthetic",
  },
  hand: {
    type: "string",
    value: "openhand|FILE",
    help: "hand model of the run: openhand, or the path of MANO_RIGHT.pkl or .npz",
    default: "openhand",
  },
  split: {
    type: "string",
    value: "val|evaluation",
    help: "the run's validation samples, or every frame of evaluation.txt",
    default: "val",
  },
  pred: {
    type: "string",
    value: "FILE.json|FILE.zip",
    help: "with --split evaluation, also write HO-3D's submission: pred.json, or the pred.zip that holds it",
  },
  "no-depth": { type: "boolean", help: "show every sample without its depth: what the network does on images alone" },
  ranks: {
    type: "string",
    value: "N",
    help: "ranks in threads that share the samples; the figures are the same, byte for byte",
    default: "1",
  },
  "box-jitter": {
    type: "string",
    value: "SHARE",
    help: "move and scale each box by up to this share of its side, as a detector would; 0.1 is much",
    default: "0",
  },
} as const;

type EvaluateValues = Values<typeof options>;

/** `handloom evaluate`. */
export const command = evaluateWith();

/** The command whose ranks run `program`; the built `evaluate-worker` when undefined. */
export function evaluateWith(program?: string): ReturnType<typeof defineCommand> {
  return defineCommand({
    summary: "metrics of a checkpoint on a data set",
    options,
    async run(values) {
      const { pred, json } = values;
      const { option, split, view, ranks } = readChoice(values);
      const checkpoint = await readCheckpointFile(values);
      const wantsPredictions = pred !== undefined;
      const choice = { option, split, view, ranks, wantsPredictions, hand: values.hand, config: checkpoint.config };
      const reporter = new TrainReporter(false);
      const progress = (text: string, done: number, total: number): void =>
        reporter.show({ type: "status", text, done, total });
      const data = await openEvaluation(choice, {
        onProgress: progress,
        onNotes: (lines) => {
          for (const line of lines) reporter.show({ type: "log", line });
        },
      });
      const scorer = await openScorer(choice, checkpoint, data, program);
      const started = clock.now();
      const found = await scorer.score((done, total) => progress("evaluating", done, total));
      const ms = clock.now() - started;
      reporter.finish();
      closeEvaluation(data);
      if ("scores" in found) {
        const record = json && recordOf(found, checkpoint, choice, ms);
        process.stdout.write(record ? `${JSON.stringify(record)}\n` : tables(found, view, data.isOwnMean));
      } else {
        process.stderr.write(`${data.name}: no metrics, as evaluation_xyz.json is not there\n`);
      }
      if (wantsPredictions) await writePredictions(pred, data.set, found.predictions);
      await scorer.close();
      return 0;
    },
  });
}

/** What the options choose, checked against each other; nothing is read yet. Throws a sentence. */
function readChoice(values: EvaluateValues): Pick<EvaluationChoice, "option" | "split" | "view" | "ranks"> {
  const { split, pred, data } = values;
  if (split !== "val" && split !== "evaluation")
    throw new Error(`evaluate: --split is "${split}", expected val or evaluation`);
  if (pred !== undefined && split !== "evaluation")
    throw new Error("evaluate: --pred holds every frame of evaluation.txt, so it goes with --split evaluation");
  if (pred !== undefined && !/\.(json|zip)$/.test(pred))
    throw new Error(`evaluate: --pred is "${pred}", expected a name that ends in .json or .zip`);
  const ranks = readInteger("ranks", values.ranks, { min: 1, max: MOST_RANKS });
  return { option: readDataOption(data), split, view: readView(values), ranks };
}

/** The one line of --json, which says nothing of ranks. */
function recordOf(
  found: Extract<Scored, { readonly scores: unknown }>,
  { file, step }: CheckpointFile,
  { split, view }: EvaluationChoice,
  ms: number,
): object {
  return {
    checkpoint: file,
    step,
    split,
    use_depth: view.useDepth,
    box_jitter: view.boxJitter ?? 0,
    ...found.scores,
    report: found.report,
    ho3d: found.ho3d,
    ms,
  };
}

/** How the samples are shown. Throws a sentence when the jitter is no share. */
function readView({ "no-depth": noDepth, "box-jitter": jitter }: EvaluateValues): EvaluationView {
  const boxJitter = Number(jitter);
  if (jitter.trim() === "" || !(boxJitter >= 0 && boxJitter <= 0.5))
    throw new Error(`evaluate: --box-jitter is "${jitter}", expected a share of the box's side from 0 to 0.5`);
  return { useDepth: !noDepth, boxJitter: boxJitter === 0 ? undefined : boxJitter };
}
