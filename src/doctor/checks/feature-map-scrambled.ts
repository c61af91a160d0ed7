import type { PatchEvidence, SamplingEvidence } from "../../train/model-evidence";
import { type ModelCheck, percent } from "./model-check";

/**
 * At least so many of the patches must answer where an exchange of rows and columns puts them, and nearly all there or at the
 * right place: a token differs most from its own patch, through the residual stream, but attention spreads the difference.
 */
const EXCHANGED = 0.4;
const EXPLAINED = 0.8;
/** Fewer patches cannot tell. */
const LEAST = 4;

/**
 * A light patch at row r and column c of the image answers elsewhere in the feature map, or the map has not the rows and
 * columns of the image's patches to begin with. Source: catalogue D34.
 */
export const featureMapScrambled: ModelCheck = ({ patches, sampling }) => {
  if (!sampling || (!isExchanged(patches) && !isMisshapen(sampling))) return undefined;
  const [map, right] = [sampling.map.join(" x "), sampling.patches.join(" x ")];
  return {
    id: "feature-map-scrambled",
    severity: "serious",
    certainty: "certain",
    title: "Image tokens are laid out with rows and columns exchanged",
    sentence: `The feature map has ${map} places where the image has ${right} patches, rows by columns.${patches ? ` ${inWords(patches)}` : ""}`,
    evidence: [
      { what: "rows x columns of the map", found: map, expected: right },
      ...(patches
        ? [
            {
              what: "light patches that answer at their place",
              found: patches.found,
              expected: "all",
              n: patches.tried,
            },
            {
              what: "share that answers where an exchange puts it",
              found: percent(patches.exchanged / patches.tried),
              expected: "0 %",
              n: patches.tried,
            },
          ]
        : []),
    ],
    causes: [
      "the map's shape is guessed from the number of tokens as the most square one, smaller side first: 12 x 16 for 16 x 12 (the original's src/models/vit.py:360-377)",
      "tokens are reshaped as (width, height), or a permute is missing between patches and map",
    ],
    remedy:
      "Reshape to (image height / 16, image width / 16), never by the number of tokens (vit.py:360-377). Here: leave out quirk map-transposed.",
    change: { withoutQuirks: ["map-transposed"] },
    samples: [],
  };
};

const isMisshapen = ({ map, patches }: SamplingEvidence): boolean => map.join() !== patches.join();

const isExchanged = (patches: PatchEvidence | null): boolean =>
  patches !== null &&
  patches.tried >= LEAST &&
  patches.exchanged >= EXCHANGED * patches.tried &&
  patches.found + patches.exchanged >= EXPLAINED * patches.tried;

function inWords({ tried, found, exchanged, places }: PatchEvidence): string {
  const example = places.find(({ at, answers }) => at.join() !== answers.join());
  const shown = example ? `, as (${example.at.join(", ")}) at (${example.answers.join(", ")})` : "";
  return `Of ${tried} light patches ${found} answer at their place and ${exchanged} where exchanged rows and columns put them${shown}.`;
}
