import { isComparable, type ModelCheck, percent, show, shownBy } from "./model-check";

/** Pixels of the map between the sampled place and the projected one: half a pixel is a question of pixel centres (D43). */
const OFFSET_PX = 0.75;
/** docs/model.md asks for 0.9 on real data; a camera that has not learned yet may be at 0.6. */
const LEAST_SHARE = 0.4;

/** Vertices are not sampled where they project to, or hardly any of them falls on the map. Source: catalogue D35. */
export const sampledOutsideMap: ModelCheck = (evidence) => {
  const { sampling } = evidence;
  if (!sampling || !isComparable(evidence)) return undefined;
  const { offsetPx, insideShare, projectedShare, map } = sampling;
  const isElsewhere = !(offsetPx <= OFFSET_PX);
  if (!isElsewhere && !(insideShare < LEAST_SHARE)) return undefined;
  return {
    id: "sampled-outside-map",
    severity: isElsewhere ? "serious" : "warning",
    certainty: isElsewhere ? "certain" : "possible",
    title: isElsewhere
      ? "Vertices are not sampled where they are in the image"
      : "Most vertices fall outside the image",
    sentence: isElsewhere
      ? `Vertices are sampled ${show(offsetPx)} pixels of a ${map.join(" x ")} map from where they project to; ${percent(insideShare)} of the samples fall on the map, ${percent(projectedShare)} would. The rest reads zeros, so that the refinement does not see the image.`
      : `${percent(insideShare)} of the vertex samples fall on the map: the predicted camera puts the hand outside the crop.`,
    evidence: [
      {
        what: "distance of sampled from projected places, first map",
        found: offsetPx,
        expected: "below 0.01",
        unit: "px",
        n: evidence.samples.length,
      },
      {
        what: "share of vertex samples inside the feature map",
        found: insideShare,
        expected: "above 0.9",
        n: evidence.samples.length,
      },
      {
        what: "share inside, were they sampled where they project to",
        found: projectedShare,
        expected: "above 0.9",
        n: evidence.samples.length,
      },
    ],
    causes: isElsewhere
      ? [
          "vertices in millimetres times the camera's scale are taken as pixels, the translation in metres too (the original's src/models/utnet.py:359-360)",
          "coordinates of one crop are used for a map of another size",
        ]
      : ["the camera has not learned yet", "the focal length is of other units than the crop's side"],
    remedy:
      "Project with the camera in metres and turn crop coordinates into each map's pixels: x * columns * S / W + columns / 2 - 0.5 (utnet.py:359-360). Here: leave out quirk sample-in-millimetres.",
    ...(isElsewhere && { change: { withoutQuirks: ["sample-in-millimetres"] } }),
    ...shownBy(evidence),
    explains: ["dead-gradient", "gradient-wrong"],
  };
};
