import { found, show } from "../log/hand";
import type { LogCheck } from "./log-check";

/** ImageNet's normalisation of black is -2.118, -2.036 and -1.804 for red, green and blue; of one grey level at most this wide. */
const ONE_LEVEL = 0.55;

/** Ranges of a debug batch's images and depth: black crops, and depth that is one plane. */
export const images: LogCheck = (run) => {
  const blank = run.debugBatches.filter(({ rgb }) => rgb !== undefined && rgb[1] - rgb[0] < ONE_LEVEL);
  if (blank.length > 0) {
    const [low, high] = blank[0].rgb!;
    return [
      found({
        id: "image-blank",
        severity: "fatal",
        certainty: "certain",
        title: "The images are blank",
        sentence: `The RGB range of ${blank.length} of ${run.debugBatches.length} debug batches is [${low}, ${high}]: one colour, where photographs span -2.1 to 2.6.`,
        evidence: [{ what: "width of the RGB range", found: show(high - low), expected: "above 3", n: blank.length }],
        causes: [
          "the crop lies outside the image, and a zero image stands for it (dataloader/ho3d_dataset.py:503-517, 555-569): OpenGL coordinates, a crop centre converted twice (:649)",
          "files that cannot be read",
        ],
        remedy:
          "Throw when a crop's width or height is not above 0. Here the import converts and a blank crop stops the run; quirks opengl-unconverted, com-shift-twice.",
        change: { withoutQuirks: ["opengl-unconverted", "com-shift-twice"] },
        explains: ["mean-predictor", "nothing-learns", "three-d-stuck", "two-d-stuck"],
        since: `line ${blank[0].line}`,
      }),
    ];
  }
  // Samples whose depth is dropped are constant, and a small batch may hold no other: all batches must be.
  const [flat] = run.debugBatches;
  if (run.debugBatches.length < 3 || !run.debugBatches.every(({ depth }) => depth && depth[0] === depth[1])) return [];
  return [
    found({
      id: "depth-constant",
      severity: "note",
      certainty: "certain",
      title: "The depth images are constant",
      sentence: `The depth range of all ${run.debugBatches.length} debug batches is [${flat.depth![0]}, ${flat.depth![1]}]: the network sees no depth, which is meant only when it trains on RGB alone.`,
      evidence: [{ what: "width of the depth range", found: 0, expected: "above 0.5" }],
      causes: [
        "missing depth is set to the far plane (dataloader/ho3d_dataset.py:605-609)",
        "the depth cube lies beside the hand",
      ],
      remedy: "Compare the decoded depth at the joints with their z: within 60 mm. Here `handloom check`.",
      since: `line ${flat.line}`,
    }),
  ];
};
