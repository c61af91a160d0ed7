import type { Finding } from "../finding";
import { finite, found, median, percent, show, sinceOf } from "../log/hand";
import { type LogRun, remarkOf, seriesOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** Dropping and augmentation make training harder; by more than this is rare. */
const FAR_BELOW = 0.6;

/** Validation that knows the answers: a random split of video frames, or a validation loss far below the training loss. */
export const leak: LogCheck = (run) => [...randomSplit(run), ...farBelow(run)];

function randomSplit(run: LogRun): Finding[] {
  const remark = remarkOf(run, "random-split");
  if (!remark) return [];
  return [
    found({
      id: "split-leak",
      severity: "warning",
      certainty: "certain",
      title: "Validation frames are neighbours of training frames",
      sentence: `"${remark.text}": frames of the same videos are shuffled and divided, so the frame before and after each validation frame is trained on.`,
      evidence: [{ what: "split", found: "random frames", expected: "whole recordings" }],
      causes: ["a random share of the training frames is taken for validation (train.py:142-160)"],
      remedy: "Divide by recording. Here data.splitBy: recording; leave out the quirk random-frame-split.",
      change: { withoutQuirks: ["random-frame-split"] },
      explains: ["validation-leak"],
      since: sinceOf(remark),
    }),
  ];
}

function farBelow(run: LogRun): Finding[] {
  const name = seriesOf(run, "epoch_loss", "val") && seriesOf(run, "epoch_loss") ? "epoch_loss" : "total_loss";
  const train = finite(seriesOf(run, name)).slice(-9);
  const series = seriesOf(run, name, "val");
  const val = finite(series).slice(-3);
  if (!series || val.length < 3 || train.length < 3) return [];
  const reference = median(name === "epoch_loss" ? train.slice(-3) : train);
  const ratio = median(val) / reference;
  if (!(reference > 0) || !(ratio >= 0) || ratio > FAR_BELOW) return [];
  return [
    found({
      id: "validation-leak",
      severity: "serious",
      certainty: "possible",
      title: "The validation loss is far below the training loss",
      sentence: `The last validation losses are ${show(median(val))}, ${percent(ratio)} of the training loss of ${show(reference)}.`,
      evidence: [{ what: "validation loss over training loss", found: show(ratio), expected: `above ${FAR_BELOW}` }],
      causes: [
        "validation frames are in the training set, or their neighbours are (train.py:142-160)",
        "labels are wrong where they are augmented, and validation is not augmented (dataloader/ho3d_dataset.py:920)",
        "the two are normalised differently: means over batches of sums, with a last small batch (train.py:554-572)",
      ],
      remedy:
        "Intersect the recordings of both splits: nothing may be left. Evaluate the training loss on the same batch in evaluation mode. Here data.splitBy: recording, splits/*.txt of the run.",
      since: sinceOf(series.last),
    }),
  ];
}
