import { type DataCheck, of, percent } from "./data-check";

/** An epoch shows every sample once; one that comes twice pushes another out. */
export const samplesDoubled: DataCheck = ({ epoch, split }) => {
  const { samples, unique, repeated } = epoch;
  const { repeatedValidation, validation, train } = split;
  if (unique === samples && repeatedValidation === 0) return undefined;
  const never = train - unique;
  const inTraining = `An epoch of ${samples} samples shows ${unique} different ones, expected ${samples}: ${of(never, train)} (${percent(never / train)}) are never seen.`;
  const inValidation = `${repeatedValidation} of ${validation} validation ids occur more than once and count double.`;
  return {
    id: "samples-doubled",
    severity: "serious",
    certainty: "certain",
    title: "Samples come twice in an epoch, others never",
    sentence: unique === samples ? inValidation : repeatedValidation > 0 ? `${inTraining} ${inValidation}` : inTraining,
    evidence: [
      { what: "different samples of an epoch", found: of(unique, samples), expected: `${samples}` },
      { what: "repeated validation ids", found: repeatedValidation, expected: "0", n: validation },
    ],
    causes: [
      "a sampler that pads or repeats: DistributedSampler fills each rank to the same length (train.py:167-173), shuffling with repetition draws some twice",
      "the list of frames names some twice",
    ],
    remedy:
      "Go through a permutation of the ids, and compare the number of different ids with the data set's. Here epochOrder in src/data/sampler.ts is one, but for the quirk duplicate-samples.",
    change: { withoutQuirks: ["duplicate-samples"] },
    samples: repeated,
  };
};
