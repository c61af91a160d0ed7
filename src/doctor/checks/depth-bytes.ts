import { type DataCheck, of, percent, round, shownBy } from "./data-check";

/** Joints with a reading that are needed to judge: chance puts less than a tenth of random depths within 60 mm. */
const LEAST_READINGS = 20;
/** Of a decoded depth image at most this share is near when the bytes are exchanged, and at least that much when they are put right. */
const WRONG_SHARE = 0.25;
const RIGHT_SHARE = 0.4;

/** HO-3D's depth has its low byte in red and its high byte in green; exchanged, a reading moves by metres and means nothing. */
export const depthBytes: DataCheck = ({ samples }) => {
  const withDepth = samples.filter(({ frame }) => frame.depthReadings > 0);
  const sum = (part: (sample: (typeof samples)[number]) => number): number =>
    withDepth.reduce((total, sample) => total + part(sample), 0);
  const readings = sum(({ frame }) => frame.depthReadings);
  const near = sum(({ frame }) => frame.depthNear) / readings;
  const swapped = sum(({ frame }) => frame.depthNearSwapped) / readings;
  if (!(readings >= LEAST_READINGS && near <= WRONG_SHARE && swapped >= RIGHT_SHARE)) return undefined;
  const [{ id, frame }] = withDepth;
  return {
    id: "depth-bytes",
    severity: "serious",
    certainty: "certain",
    title: "High and low byte of the depth are exchanged",
    sentence: `${percent(near)} of ${readings} depth readings lie within 60 mm of their joint, and ${percent(swapped)} once the two bytes of each are exchanged; expected above 70 %. In "${id}" the reading is ${round(frame.depthOffsetMm ?? 0)} mm from the joint (median).`,
    evidence: [
      { what: "depth readings within 60 mm of their joint", found: percent(near), expected: "above 70 %", n: readings },
      { what: "the same with exchanged bytes", found: percent(swapped), expected: "below 25 %", n: readings },
      {
        what: "frames with readings at joints",
        found: of(withDepth.length, samples.length),
        expected: "those with depth",
      },
    ],
    causes: [
      "a reader that takes the depth's channels as RGB where cv2.imread gave BGR, or the other way round: HO-3D has the low byte in red, the high byte in green",
      "uint8 * 256 wraps to zero before NumPy 2 and raises OverflowError since (dataloader/ho3d_dataset.py:436)",
    ],
    remedy:
      "depth = (red + 256 * green) * 0.00012498664727900177 m, in an integer type wider than 8 bits. Here decodeDepthPng in src/data/png.ts does, but for the quirk depth-bytes-swapped.",
    change: { withoutQuirks: ["depth-bytes-swapped"] },
    explains: ["depth-disagrees", "depth-missing-as-far"],
    ...shownBy(withDepth),
  };
};
