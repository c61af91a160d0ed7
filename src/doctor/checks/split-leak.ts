import type { Evidence, Finding } from "../finding";
import { type DataCheck, of } from "./data-check";

/** Neighbouring video frames, and other cameras of the same instant, on both sides of the split: validation then measures memory. */
export const splitLeak: DataCheck = ({ split }) => {
  const { train, validation, sharedFrames, sharedSequences, validationSequences } = split;
  const { sharedRecordings, validationRecordings, examples, nearestFrames } = split;
  if (sharedRecordings === 0 && sharedFrames === 0) return undefined;
  const evidence: readonly Evidence[] = [
    {
      what: "recordings of validation that training has too",
      found: of(sharedRecordings, validationRecordings),
      expected: "0",
    },
    {
      what: "sequences of validation that training has too",
      found: of(sharedSequences, validationSequences),
      expected: "0",
    },
    { what: "frames of validation that training has too", found: of(sharedFrames, validation), expected: "0" },
    ...(nearestFrames === undefined
      ? []
      : [
          {
            what: "frames to the nearest training frame of the same sequence (median)",
            found: nearestFrames,
            expected: "none there",
          },
        ]),
  ];
  if (sharedFrames === validation && train === validation) {
    return overfit(validation, evidence);
  }
  const distance =
    nearestFrames === undefined ? "" : `, ${nearestFrames} frame${nearestFrames === 1 ? "" : "s"} away (median)`;
  const recordings = `${of(sharedRecordings, validationRecordings)} validation recordings were seen in training`;
  const what =
    sharedSequences > 0
      ? `${recordings}, ${of(sharedSequences, validationSequences)} sequences by the same camera${distance}`
      : `${recordings} by other cameras`;
  return {
    id: "split-leak",
    severity: "serious",
    certainty: "certain",
    title: "Validation frames come from the recordings of training frames",
    sentence: `${what}: validation measures memory, and will look far better than a test. Expected no shared recording.`,
    evidence,
    causes: [
      "10 % of the frames are drawn at random from all videos (train.py:142-160)",
      "data.splitBy is frame or sequence",
      "the data set's own 'val' is another split's copy (dataloader/dex_ycb_dataset.py:94-95)",
    ],
    remedy:
      "Split by whole recordings, all cameras of an action together: data.splitBy: recording. Leave out the quirk random-frame-split.",
    change: { set: { "data.splitBy": "recording" }, withoutQuirks: ["random-frame-split"] },
    samples: examples,
    explains: ["validation-leak"],
  };
};

/** One batch learned by heart on purpose. */
function overfit(validation: number, evidence: readonly Evidence[]): Finding {
  return {
    id: "split-overfit",
    severity: "note",
    certainty: "certain",
    title: "Validation is on the training samples",
    sentence: `All ${validation} validation frames are training frames: the metric shows what was learned by heart, and nothing else.`,
    evidence,
    causes: ["data.overfit is set, to see whether the network can learn a few samples at all"],
    remedy: "Leave data.overfit out for a result.",
    change: { set: { "data.overfit": "false" } },
    samples: [],
  };
}
