import { type ModelCheck, percent } from "./model-check";

/**
 * At least so many of the patches must answer where an exchange of rows and columns puts them, and nearly all there or at the
 * right place: a token differs most from its own patch, through the residual stream, but attention spreads the difference.
 */
const EXCHANGED = 0.4;
const EXPLAINED = 0.8;
/** Fewer patches cannot tell. */
const LEAST = 4;

/** A light patch at row r and column c of the image answers elsewhere in the feature map. Source: catalogue D34. */
export const featureMapScrambled: ModelCheck = ({ patches, sampling }) => {
  if (!patches || patches.tried < LEAST) return undefined;
  const { tried, found, exchanged, places } = patches;
  if (exchanged < EXCHANGED * tried || found + exchanged < EXPLAINED * tried) return undefined;
  const example = places.find(({ at, answers }) => at.join() !== answers.join());
  const [map, right] = [sampling?.map ?? [], sampling?.patches ?? []];
  return {
    id: "feature-map-scrambled",
    severity: "serious",
    certainty: "certain",
    title: "Image tokens are laid out with rows and columns exchanged",
    sentence: `Of ${tried} light patches ${found} answer at their place in the feature map and ${exchanged} where exchanged rows and columns put them${example ? `: (row ${example.at[0]}, column ${example.at[1]}) answers at (${example.answers.join(", ")})` : ""}; the map is ${map.join(" x ")}, the image has ${right.join(" x ")} patches.`,
    evidence: [
      { what: "patches that answer at their place", found, expected: `${tried} of ${tried}`, n: tried },
      {
        what: "share that answers where an exchange puts it",
        found: percent(exchanged / tried),
        expected: "0 %",
        n: tried,
      },
      { what: "rows x columns of the map", found: map.join(" x "), expected: right.join(" x ") },
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
