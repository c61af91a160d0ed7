import { type DataCheck, MANO_EXPLAINED_MM, manoMisses, median, of, round, shownBy } from "./data-check";

/** Finger angles relative to MANO's mean pose read as absolute ones, or the other way round: a constant bend of all fingers. */
export const handPoseMean: DataCheck = ({ samples }) => {
  const misses = manoMisses(samples);
  const added = misses.filter(({ mano }) => (mano.otherwise?.meanAdded ?? 1e9) < MANO_EXPLAINED_MM);
  const removed = misses.filter(({ mano }) => (mano.otherwise?.meanRemoved ?? 1e9) < MANO_EXPLAINED_MM);
  const explained = added.length >= removed.length ? added : removed;
  if (explained.length === 0) return undefined;
  const isRelative = explained === added;
  const withMano = samples.filter(({ plain }) => plain.mano !== undefined).length;
  const gap = median(explained.map(({ mano }) => mano.gapMm));
  return {
    id: "hand-pose-mean",
    severity: "serious",
    certainty: "certain",
    title: "MANO's mean pose is missing from the finger angles, or counted twice",
    sentence: `In ${of(explained.length, withMano)} samples MANO(pose, shape) lies ${round(gap)} mm from the joints, and within ${MANO_EXPLAINED_MM} mm once the mean pose is ${isRelative ? "added to" : "taken from"} the fingers; expected below 0.1 mm as it is.`,
    evidence: [
      {
        what: "MANO(pose, shape) against the joints, without tips",
        found: gap,
        expected: "below 0.1",
        unit: "mm",
        n: explained.length,
      },
    ],
    causes: [
      "DexYCB's JSON holds poses relative to hands_mean (flat_hand_mean false), while the model has flat_hand_mean=True (models/utnet.py:128)",
    ],
    remedy: `${isRelative ? "Add hands_mean to" : "Do not add hands_mean to"} the 45 finger numbers when they are read. Here the row of src/data/adapter.ts decides (flatHandMean).`,
    explains: ["hand-pose-differs"],
    ...shownBy(explained),
  };
};
