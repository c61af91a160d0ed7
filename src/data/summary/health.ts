/** Health checks of a data set: each a question, a verdict, and a sentence with its numbers. */
import type { ImportReport } from "../types";
import { quantile } from "./histogram";
import { DEPTH_AGREES_MM, type RecordFacts } from "./measure";

/** "unknown": there is nothing to judge by, e.g. no depth image. */
export type Verdict = "good" | "look" | "bad" | "unknown";

/** One check. Plain data. */
export interface HealthCheck {
  readonly name: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** What was found, in numbers; for a verdict other than good also what it may mean. */
  readonly sentence: string;
  /** Ids of frames that show it, the worst first, at most 24. */
  readonly examples: readonly string[];
}

/** What the checks judge by, besides the facts. */
export interface HealthContext {
  /** Frames of the whole set, ids included. */
  readonly ids: readonly string[];
  readonly report: ImportReport;
  /** Frames that this data set is known to have, e.g. 83,325 for HO-3D v3 train, and its name. */
  readonly known?: { readonly frames: number; readonly what: string };
  /** Sequences were chosen: a smaller count is no fault. */
  readonly isPart?: boolean;
  /** The hand with which MANO's joints were computed. */
  readonly hand?: { readonly name: string; readonly isMano: boolean };
}

const MOST_EXAMPLES = 24;
/** 0.1 mm, the promise of the readers. */
const MANO_EXACT_MM = 0.1;
/** smplx's tip vertices instead of the data set's are 2.7 mm off, and nothing else is so little wrong. */
const MANO_TIPS_MM = 4;
/** Standard deviation of 8-bit values below which an image shows nothing. */
const BLANK_STD = 2;

const whole = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const percent = (part: number, all: number): string => {
  const share = (100 * part) / all;
  if (part > 0 && share < 0.1) return "under 0.1 %";
  if (part < all && share > 99.9) return "over 99.9 %";
  return `${share.toFixed(share >= 10 || Number.isInteger(share) ? 0 : 1)} %`;
};
const frames = (n: number): string => `${whole(n)} ${n === 1 ? "frame" : "frames"}`;

/** Ids of the facts with the largest `badness` above zero. */
function worst(facts: readonly RecordFacts[], badness: (fact: RecordFacts) => number): string[] {
  return facts
    .map((fact) => ({ id: fact.id, by: badness(fact) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
    .slice(0, MOST_EXAMPLES)
    .map(({ id }) => id);
}

type Check = (facts: readonly RecordFacts[], context: HealthContext) => HealthCheck;

const inFront: Check = (facts) => {
  const faulty = facts.filter(({ behind }) => behind > 0).length;
  const nearest = facts.reduce((least, { wristDepthMm }) => Math.min(least, wristDepthMm), Number.POSITIVE_INFINITY);
  const farthest = facts.reduce((most, { wristDepthMm }) => Math.max(most, wristDepthMm), Number.NEGATIVE_INFINITY);
  const range = `wrist ${whole(nearest)} to ${whole(farthest)} mm from the camera`;
  const isFar = faulty === 0 && (nearest < 100 || farthest > 3000);
  return {
    name: "in-front",
    title: "Hand in front of the camera",
    verdict: faulty > 0 ? "bad" : isFar ? "look" : "good",
    sentence:
      faulty > 0
        ? `${frames(faulty)} of ${whole(facts.length)} have joints behind the camera (${range}): labels in OpenGL's frame have to be converted to OpenCV's.`
        : isFar
          ? `All joints have z > 0, but ${range}; hands at arm's length are 200 to 1,500 mm away, so check the unit (metres).`
          : `All joints of ${frames(facts.length)} have z > 0, ${range}.`,
    examples: worst(facts, ({ behind, wristDepthMm }) =>
      behind > 0 ? behind : wristDepthMm < 100 || wristDepthMm > 3000 ? 1e-3 : 0,
    ),
  };
};

const inPicture: Check = (facts) => {
  const joints = facts.reduce((sum, fact) => sum + fact.joints, 0);
  const outsideOf = (fact: RecordFacts): number => fact.states.filter((state) => state === "outside").length;
  const outside = facts.reduce((sum, fact) => sum + outsideOf(fact), 0);
  const inside = joints - outside;
  const verdict = inside >= 0.95 * joints ? "good" : inside >= 0.7 * joints ? "look" : "bad";
  const found = `${percent(inside, joints)} of ${whole(joints)} projected joints lie inside the picture`;
  return {
    name: "in-picture",
    title: "3D joints project into the picture",
    verdict,
    sentence:
      verdict === "good"
        ? `${found}.`
        : verdict === "look"
          ? `${found}; the hand is often cut off, or the camera matrix belongs to another image size.`
          : `${found}: the camera matrix or the camera frame of the labels is not the one of these images.`,
    examples: worst(facts, outsideOf),
  };
};

const handSize: Check = (facts) => {
  const sizes = facts.flatMap(({ handSizeMm }) => (handSizeMm === undefined ? [] : [handSizeMm])).sort((a, b) => a - b);
  const title = "Hands have the size of hands";
  if (sizes.length === 0) {
    return { name: "hand-size", title, verdict: "unknown", sentence: "Only the wrist is annotated.", examples: [] };
  }
  const isOdd = (mm: number): boolean => !(mm >= 120 && mm <= 230);
  const odd = sizes.filter(isOdd).length;
  const middle = quantile(sizes, 0.5);
  const found = `Wrist to middle finger tip is ${whole(middle)} mm along the bones (median of ${frames(sizes.length)}, ${whole(sizes[0])} to ${whole(sizes[sizes.length - 1])} mm)`;
  const verdict = isOdd(middle) ? "bad" : odd > 0 ? "look" : "good";
  return {
    name: "hand-size",
    title,
    verdict,
    sentence:
      verdict === "good"
        ? `${found}.`
        : `${found}; ${percent(odd, sizes.length)} are outside of 120 to 230 mm${verdict === "bad" ? ", so check the unit (metres) and the joint order" : ""}.`,
    examples: worst(facts, ({ handSizeMm }) =>
      handSizeMm !== undefined && isOdd(handSizeMm) ? Math.abs(handSizeMm - 175) : 0,
    ),
  };
};

/** What larger distances than those of wrong tips may come from. */
function manoDiffers({ name, isMano }: NonNullable<HealthContext["hand"]>): string {
  const labels = "another pose convention (flat hand or mean pose), or an unconverted root rotation or translation";
  if (isMano) return `another hand model, ${labels}`;
  return `${name} is not MANO, to which the labels of real data sets belong: choose your MANO file (MANO_RIGHT.pkl) as the hand; if the frames were rendered with ${name}: ${labels}`;
}

const manoAgrees: Check = (facts, { hand, report }) => {
  const title = "MANO parameters give the annotated joints";
  const name = "mano";
  const withMano = facts.filter(({ hasMano }) => hasMano).length;
  const compared = facts.filter(({ manoErrorsMm }) => manoErrorsMm !== undefined);
  if (compared.length === 0) {
    const [leftOut] = [...report.notes.keys()].filter((note) => note.includes("MANO parameters left out"));
    const sentence =
      withMano === 0
        ? `The frames have no MANO parameters: pose and shape are not supervised${leftOut === undefined ? "" : ` (${leftOut})`}.`
        : hand === undefined
          ? `${frames(withMano)} have parameters; choose the MANO file that belongs to them to compare.`
          : `${frames(withMano)} have parameters but no joints to compare with.`;
    return { name, title, verdict: "unknown", sentence, examples: [] };
  }
  const over = (joints: (errors: Float64Array) => Float64Array): number =>
    compared.reduce((most, { manoErrorsMm }) => Math.max(most, ...joints(manoErrorsMm!)), 0);
  const tips = over((errors) => errors.filter((_, j) => j > 0 && j % 4 === 0));
  const others = over((errors) => errors.filter((_, j) => j === 0 || j % 4 !== 0));
  const largest = Math.max(tips, others);
  const mm = (value: number): string =>
    value < 1e-3 ? "0.001 mm" : `${value < 1 ? value.toPrecision(2) : value.toFixed(1)} mm`;
  const found = `At most ${mm(largest)} between MANO(pose, shape, translation) of ${hand?.name} and the joints, over ${frames(compared.length)}`;
  const onlyTips = others <= MANO_EXACT_MM && tips <= MANO_TIPS_MM;
  const verdict = largest <= MANO_EXACT_MM ? "good" : onlyTips ? "look" : "bad";
  return {
    name,
    title,
    verdict,
    sentence:
      verdict === "good"
        ? `${found}.`
        : onlyTips
          ? `${found}, all of it at the finger tips (${mm(tips)}): other tip vertices than the data set's.`
          : `${found}: ${manoDiffers(hand!)}.`,
    examples: worst(compared, ({ manoErrorsMm }) => {
      const most = Math.max(...manoErrorsMm!);
      return most > MANO_EXACT_MM ? most : 0;
    }),
  };
};

const depthAgrees: Check = (facts) => {
  const title = "Depth image agrees with the joints";
  const name = "depth";
  const withDepth = facts.filter(({ hasDepth }) => hasDepth);
  const readings = withDepth.flatMap(({ depthOffsetsMm }) => [...depthOffsetsMm].filter(Number.isFinite));
  if (withDepth.length === 0) {
    return { name, title, verdict: "unknown", sentence: "No frame has a depth image.", examples: [] };
  }
  const agree = readings.filter((offset) => Math.abs(offset) <= DEPTH_AGREES_MM).length;
  const middle = quantile(
    readings.sort((a, b) => a - b),
    0.5,
  );
  const without = facts.length - withDepth.length;
  const missing = without > 0 ? ` ${frames(without)} of ${whole(facts.length)} have no depth image.` : "";
  if (readings.length === 0) {
    const sentence = `${frames(withDepth.length)} have a depth image, but none has a reading at a joint: it is empty or belongs to another camera.${missing}`;
    return { name, title, verdict: "bad", sentence, examples: withDepth.slice(0, MOST_EXAMPLES).map(({ id }) => id) };
  }
  const verdict =
    agree >= 0.7 * readings.length ? (without > 0 ? "look" : "good") : agree >= 0.4 * readings.length ? "look" : "bad";
  const found = `${percent(agree, readings.length)} of ${whole(readings.length)} readings lie within ${DEPTH_AGREES_MM} mm of their joint, median ${middle.toFixed(0)} mm (skin lies in front of the joint)`;
  const meaning =
    agree >= 0.7 * readings.length
      ? "."
      : verdict === "look"
        ? "; the rest is hidden by something or does not fit."
        : ": wrong depth unit, exchanged bytes, or depth that is not aligned to the image.";
  return {
    name,
    title,
    verdict,
    sentence: `${found}${meaning}${missing}`,
    examples: worst(withDepth, ({ depthOffsetsMm }) => {
      const known = [...depthOffsetsMm].filter(Number.isFinite);
      const off = known.filter((offset) => Math.abs(offset) > DEPTH_AGREES_MM).length;
      return known.length === 0 ? 1 : off / known.length;
    }),
  };
};

const notBlank: Check = (facts) => {
  const blank = facts.filter(({ imageStd }) => imageStd < BLANK_STD);
  const means = [0, 1, 2].map((c) => facts.reduce((sum, { channelMeans }) => sum + channelMeans[c], 0) / facts.length);
  const colour = `mean red ${whole(means[0])}, green ${whole(means[1])}, blue ${whole(means[2])} of 255`;
  return {
    name: "not-blank",
    title: "Pictures show something",
    verdict: blank.length > 0 ? "bad" : "good",
    sentence:
      blank.length > 0
        ? `${frames(blank.length)} of ${whole(facts.length)} are blank (one colour): the crop lies outside of the image, or the file is empty.`
        : `None of ${frames(facts.length)} is blank; ${colour}.`,
    examples: blank.slice(0, MOST_EXAMPLES).map(({ id }) => id),
  };
};

const noDuplicates: Check = (facts, { ids }) => {
  const named = ids.length - new Set(ids).size;
  const byHash = new Map<string, string[]>();
  for (const { imageHash, id, imageStd } of facts) {
    // Blank images are all alike and have a check of their own.
    if (imageStd < BLANK_STD) continue;
    const known = byHash.get(imageHash);
    if (known === undefined) byHash.set(imageHash, [id]);
    else known.push(id);
  }
  const twins = [...byHash.values()].filter((each) => each.length > 1);
  const copies = twins.reduce((sum, each) => sum + each.length - 1, 0);
  const found = [
    ...(named > 0 ? [`${whole(named)} of ${whole(ids.length)} ids occur twice`] : []),
    ...(copies > 0
      ? [
          `${frames(copies)} of ${whole(facts.length)} show the same pixels as another (first ${twins[0][0]} and ${twins[0][1]})`,
        ]
      : []),
  ];
  return {
    name: "duplicates",
    title: "No frame twice",
    verdict: named > 0 ? "bad" : copies > 0 ? "look" : "good",
    sentence:
      found.length > 0
        ? `${found.join("; ")}: such frames count double.`
        : `${whole(ids.length)} ids are all different, and so are the pictures of ${frames(facts.length)}.`,
    examples: twins.flat().slice(0, MOST_EXAMPLES),
  };
};

const countKnown: Check = (_, { ids, report, known, isPart }) => {
  const dropped = [...report.dropped.values()].reduce((sum, each) => sum + each.count, 0);
  const listed = ids.length + dropped;
  const title = "Every frame is accounted for";
  const name = "count";
  const first = [...report.dropped][0];
  const drops = dropped === 0 ? "none dropped" : `${whole(dropped)} dropped (most: ${mostOf(report)})`;
  const examples =
    first === undefined ? [] : [...report.dropped.values()].map(({ example }) => example).slice(0, MOST_EXAMPLES);
  if (known === undefined) {
    const sentence = `${frames(ids.length)} kept, ${drops}; there is no known total to compare with.`;
    return { name, title, verdict: dropped > 0 ? "look" : "good", sentence, examples };
  }
  const of = `${known.what} has ${whole(known.frames)}`;
  if (listed === known.frames || (isPart === true && listed < known.frames)) {
    const sentence = `${frames(ids.length)} kept, ${drops}; ${of}${listed === known.frames ? "" : ", sequences were chosen"}.`;
    return { name, title, verdict: dropped > 0 ? "look" : "good", sentence, examples };
  }
  const difference = listed - known.frames;
  return {
    name,
    title,
    verdict: "bad",
    sentence: `${frames(ids.length)} kept, ${drops}; ${of}: ${whole(Math.abs(difference))} ${difference < 0 ? "are missing; the download or the unpacking is incomplete" : "too many; the folder holds more than this data set"}.`,
    examples,
  };
};

function mostOf({ dropped }: ImportReport): string {
  const [reason, { count, example }] = [...dropped].sort((a, b) => b[1].count - a[1].count)[0];
  return `${whole(count)} x ${reason}, first ${example}`;
}

const CHECKS: readonly Check[] = [
  countKnown,
  inFront,
  inPicture,
  handSize,
  manoAgrees,
  depthAgrees,
  notBlank,
  noDuplicates,
];

/** All checks in the order in which a fault in one explains those after it. `facts` must not be empty. */
export function healthChecks(facts: readonly RecordFacts[], context: HealthContext): HealthCheck[] {
  return CHECKS.map((check) => check(facts, context));
}
