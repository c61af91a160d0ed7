import { type DataCheck, of, percent } from "./data-check";

/** Damaged files happen; this share of a data set is more than accidents. */
const ACCIDENTS = 0.01;
/** A fifth missing changes what is measured. */
const SERIOUS = 0.2;

/** Frames that the data set names and the import does not use, with its reasons; nothing is dropped silently. */
export const countsCheck: DataCheck = ({ kept, dropped, notes, set }) => {
  const lost = dropped.reduce((sum, { count }) => sum + count, 0);
  if (lost === 0 && notes.length === 0) return undefined;
  const share = lost / (kept + lost);
  const reasons = [...dropped].sort((a, b) => b.count - a.count);
  const [most] = reasons;
  const remarks = [...notes].sort((a, b) => b.count - a.count);
  const used = remarks.map(({ reason, count }) => `${of(count, kept)}: ${reason}`).join("; ");
  return {
    id: "counts",
    severity: share > SERIOUS ? "serious" : share > ACCIDENTS ? "warning" : "note",
    certainty: "certain",
    title: lost > 0 ? "Frames were dropped at import" : "Frames are used although something is missing",
    sentence:
      lost > 0
        ? `${set}: ${of(lost, kept + lost)} frames (${percent(share)}) were dropped, most because "${most.reason}" (${most.count}, first ${most.example}); expected 0.${used ? ` Used: ${used}.` : ""}`
        : `${set}: all ${kept} frames are used; ${used}.`,
    evidence: [
      { what: "frames dropped", found: of(lost, kept + lost), expected: "0" },
      ...reasons.map(({ reason, count, example }) => ({
        what: `dropped: ${reason} (first ${example})`,
        found: count,
        expected: "0",
      })),
      ...remarks.map(({ reason, count, example }) => ({
        what: `${reason} (first ${example})`,
        found: count,
        expected: "0 where the data set is complete",
      })),
    ],
    causes: [
      "an incomplete download or unpacking",
      "frames without annotation, which the original skips without a word (dataloader/ho3d_dataset.py:168-179, 239-244, 289-290, 300-301)",
    ],
    remedy:
      "Compare with the data set's known number (HO-3D v3 train: 83,325) and look at the first example of each reason; `handloom import` lists them.",
    samples: [...new Set([...reasons, ...remarks].map(({ example }) => example))].slice(0, 8),
  };
};
