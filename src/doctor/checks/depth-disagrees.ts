import { type DataCheck, median, percent, round, shownBy } from "./data-check";

/** Joints with a reading that are needed to judge. */
const LEAST_READINGS = 60;
/** Objects hide up to half of the joints in hand-object data; below this share the depth is not the hand's. */
const LEAST_NEAR = 0.3;
/** What the sample's depth may be stretched by against the record's; rounding to pixels leaves 2 % on small crops. */
const SLOPE = 0.1;

/** Depth readings at the joints against the joints' z, in the files and in the samples. */
export const depthDisagrees: DataCheck = ({ samples, testFrame: { depthSlope } }) => {
  const withDepth = samples.filter(({ frame }) => frame.hasDepth);
  const readings = withDepth.reduce((sum, { frame }) => sum + frame.depthReadings, 0);
  const near = withDepth.reduce((sum, { frame }) => sum + frame.depthNear, 0) / readings;
  const isOff = readings >= LEAST_READINGS && near < LEAST_NEAR;
  const isStretched = depthSlope !== undefined && Math.abs(depthSlope - 1) > SLOPE;
  if (!isOff && !isStretched) return undefined;
  const offsets = withDepth.flatMap(({ frame }) => (frame.depthOffsetMm === undefined ? [] : [frame.depthOffsetMm]));
  const offset = median(offsets);
  return {
    id: "depth-disagrees",
    severity: "serious",
    certainty: "likely",
    title: "The depth is not that of the hand",
    sentence: isOff
      ? `${percent(near)} of ${readings} depth readings lie within 60 mm of their joint, median ${round(offset)} mm off; expected above 70 %, and above ${percent(LEAST_NEAR)} where objects hide the hand.`
      : `A ramp of depth reaches the network ${round(depthSlope ?? 0)} times as steep as it is, expected 1.`,
    evidence: [
      { what: "depth readings within 60 mm of their joint", found: percent(near), expected: "above 70 %", n: readings },
      { what: "depth reading less joint", found: offset, expected: "-25 to 0", unit: "mm", n: offsets.length },
      ...(depthSlope === undefined
        ? []
        : [{ what: "depth of a test record, out over in", found: depthSlope, expected: "1" }]),
    ],
    causes: [
      "another unit (HO-3D: 0.125 mm, DexYCB: 1 mm) or broken decoding (dataloader/ho3d_dataset.py:436)",
      "depth that is not aligned to the colour image",
      "the joints' z is wrong",
    ],
    remedy: "Compare the decoded depth at the joints with their z: skin lies 5 to 25 mm in front of a joint.",
    explains: ["depth-missing-as-far"],
    ...shownBy(withDepth),
  };
};
