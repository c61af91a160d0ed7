import { type DataCheck, median, of, round, shownBy } from "./data-check";

/** Wrist to the middle finger's tip along the bones: 155 to 210 mm for adults; a small child's is 100. */
const HAND_MM = [100, 260] as const;
/** Distances at which a hand fills a crop, metres. */
const DISTANCE = [0.08, 4] as const;

/** Hands of a hand's size at a hand's distance: anything else is another unit. */
export const labelsUnit: DataCheck = ({ samples }) => {
  const known = samples.filter(({ frame }) => frame.handMm !== undefined);
  const size = median(known.map(({ frame }) => frame.handMm ?? 0));
  const z = Math.abs(median(samples.map(({ frame }) => frame.wristZ)));
  const isOddSize = known.length > 0 && !(size >= HAND_MM[0] && size <= HAND_MM[1]);
  const isOddDistance = !(z >= DISTANCE[0] && z <= DISTANCE[1]);
  if (!isOddSize && !isOddDistance) return undefined;
  const factor = size / 185;
  const unit = Math.abs(Math.log10(factor) - 3) < 0.2 ? " They are millimetres taken as metres." : "";
  return {
    id: "labels-unit",
    severity: isOddSize ? "serious" : "warning",
    certainty: unit === "" ? "likely" : "certain",
    title: "The 3D labels are not in metres",
    sentence: `Hands are ${round(size)} mm long (wrist to middle finger tip, median of ${of(known.length, samples.length)}), ${round(z)} m from the camera; expected 120 to 230 mm and 0.2 to 1.5 m.${unit}`,
    evidence: [
      { what: "length of the hand", found: size, expected: "120 to 230", unit: "mm", n: known.length },
      { what: "z of the wrist", found: z, expected: "0.2 to 1.5", unit: "m", n: samples.length },
    ],
    causes: ["labels in millimetres or in the hand model's own unit", "joints in another order than OpenPose's"],
    remedy: "Convert the labels to metres where they are read: metresPerUnit of the row in src/data/adapter.ts.",
    explains: ["hand-pose-differs", "depth-disagrees", "depth-missing-as-far"],
    ...shownBy(samples),
  };
};
