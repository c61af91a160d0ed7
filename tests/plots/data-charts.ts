/** Faults of the data, from evidence of rendered frames. */
import type { QuirkName } from "../../src/config/quirks";
import type { DataEvidence } from "../../src/train/evidence";
import { drawnFrames, evidenceOf, ho3dEvidence, ho3dFiles, smallConfig } from "../helpers/data-evidence";
import type { Axis, Chart, Marks } from "./chart";

const FRAMES = 16;

const wrapped = (degrees: number): number => degrees - 360 * Math.ceil((degrees - 180) / 360);
const degrees = (label: string): Axis => ({ label, range: [-180, 180], ticks: [-180, -90, 0, 90, 180] });
const dots = (name: string, tone: Marks["tone"], points: Marks["points"]): Marks => ({
  name,
  tone,
  kind: "dots",
  points,
});

/** A value of each sample beside the same with the fault. */
function bySample(
  title: string,
  y: Axis,
  value: (sample: DataEvidence["samples"][number]) => number,
  [healthy, faulty]: readonly [DataEvidence, DataEvidence],
): Chart {
  const of = ({ samples }: DataEvidence): (readonly [number, number])[] =>
    samples.map((sample, i) => [i + 1, value(sample)] as const);
  const x = { label: "sample", range: [0, healthy.samples.length + 1], ticks: [1, 8, 16, 24, 32] } as const;
  return {
    title,
    x,
    y,
    marks: [dots("healthy", "healthy", of(healthy)), dots("with the fault", "faulty", of(faulty))],
  };
}

function turnChart(
  title: string,
  which: "jointsDegrees" | "poseDegrees",
  both: readonly [DataEvidence, DataEvidence],
): Chart {
  const of = ({ samples }: DataEvidence): (readonly [number, number])[] =>
    samples.flatMap(({ augmentation }) => {
      const label = augmentation[which];
      return label === undefined ? [] : [[wrapped(augmentation.cropDegrees), wrapped(label)] as const];
    });
  return {
    title,
    x: degrees("turn of the crop, degrees"),
    y: degrees("turn of the label, degrees"),
    marks: [dots("healthy", "healthy", of(both[0])), dots("with the fault", "faulty", of(both[1]))],
  };
}

export async function dataCharts(): Promise<ReadonlyMap<string, Chart>> {
  const set = await drawnFrames(FRAMES, 3);
  const files = await ho3dFiles(set);
  const wide = (quirks: readonly QuirkName[]) => {
    const config = smallConfig(quirks);
    // Turns of all sizes, so that the line that healthy labels lie on shows.
    return {
      ...config,
      data: { ...config.data, augment: { ...config.data.augment, rotation: Math.PI, rotationRate: 1 } },
    };
  };
  const healthy = await evidenceOf(set, wide([]));
  const of = (quirk: QuirkName): Promise<DataEvidence> => evidenceOf(set, wide([quirk]));
  const files0 = await ho3dEvidence(files, smallConfig());
  const ofFiles = (quirk: QuirkName): Promise<DataEvidence> => ho3dEvidence(files, smallConfig([quirk]));
  const [joints, pose, wide4, bgr] = [
    await of("labels-not-augmented"),
    await of("pose-not-augmented"),
    await of("width-normalised"),
    await of("bgr"),
  ];
  const [moved, relative, openGl, bytes, frame] = [
    await of("com-shift-twice"),
    await of("gt-recentred"),
    await ofFiles("opengl-unconverted"),
    await ofFiles("depth-bytes-swapped"),
    await ofFiles("pose-opengl"),
  ];
  const millimetres = (label: string, top: number): Axis => ({ label, range: [0, top] });
  const pairs: readonly (readonly [string, Chart])[] = [
    ["labels-not-rotated", turnChart("Turn of the 3D joints by turn of the crop", "jointsDegrees", [healthy, joints])],
    ["hand-pose-not-rotated", turnChart("Turn of MANO's root by turn of the crop", "poseDegrees", [healthy, pose])],
    [
      "x-normalised-by-width",
      bySample(
        "2D label over projection, in x",
        { label: "factor", range: [0.9, 1.5] },
        ({ plain }) => plain.projectedFrame?.xScale ?? 0,
        [healthy, wide4],
      ),
    ],
    ["channel-order", redChart([healthy, bgr])],
    ["crop-moved-twice", centreChart([healthy, moved])],
    [
      "labels-root-relative",
      bySample(
        "Depth of the wrist in the labels",
        { label: "m", range: [0, 1] },
        ({ augmented }) => augmented.root[2],
        [healthy, relative],
      ),
    ],
    [
      "frame-opengl",
      bySample("Depth of the wrist in the frame", { label: "m", range: [-1, 1] }, ({ frame: { wristZ } }) => wristZ, [
        files0,
        openGl,
      ]),
    ],
    [
      "image-blank",
      bySample("Deviation of the image", { label: "0 to 1", range: [0, 0.4] }, ({ augmented }) => augmented.imageStd, [
        files0,
        openGl,
      ]),
    ],
    [
      "depth-bytes",
      bySample(
        "Readings within 60 mm of their joint",
        { label: "share", range: [0, 1] },
        ({ frame: { depthNear, depthReadings } }) => depthNear / Math.max(1, depthReadings),
        [files0, bytes],
      ),
    ],
    [
      "hand-pose-frame",
      bySample(
        "MANO(pose, shape) from the labelled joints",
        millimetres("mm, farthest joint", 400),
        ({ plain }) => plain.mano?.gapMm ?? 0,
        [files0, frame],
      ),
    ],
    ["split-leak", await leakChart(set)],
  ];
  return new Map(pairs);
}

function redChart([healthy, faulty]: readonly [DataEvidence, DataEvidence]): Chart {
  const bars = (name: string, tone: Marks["tone"], { testFrame }: DataEvidence): Marks => ({
    ...{ name, tone, kind: "bars" },
    points: testFrame.rgb.map((value, c) => [c, Math.max(0, value)]),
  });
  return {
    title: "A pure red picture, as the network gets it",
    x: { label: "channel", range: [-0.5, 2.5], names: ["red", "green", "blue"] },
    y: { label: "mean", range: [0, 1] },
    marks: [bars("healthy", "healthy", healthy), bars("with the fault", "faulty", faulty)],
  };
}

function centreChart([healthy, faulty]: readonly [DataEvidence, DataEvidence]): Chart {
  const of = ({ samples }: DataEvidence): (readonly [number, number])[] =>
    samples.map(({ augmented: { cropCentre } }) => [cropCentre[0], cropCentre[1]] as const);
  return {
    title: "Centres of the augmented crops in the image",
    x: { label: "x, pixels", range: [-20, 640], ticks: [0, 160, 320, 480, 640] },
    y: { label: "y, pixels", range: [-20, 480], ticks: [0, 120, 240, 360, 480] },
    marks: [dots("healthy", "healthy", of(healthy)), dots("with the fault", "faulty", of(faulty))],
  };
}

/** Which recordings the two sides of the split have, by the rule and with random frames. */
async function leakChart(set: Parameters<typeof evidenceOf>[0]): Promise<Chart> {
  const [right, random] = [
    await evidenceOf(set, smallConfig()),
    await evidenceOf(set, smallConfig(["random-frame-split"])),
  ];
  const bars = (name: string, tone: Marks["tone"], { split }: DataEvidence): Marks => ({
    ...{ name, tone, kind: "bars" },
    points: [
      [0, split.sharedRecordings / split.validationRecordings],
      [1, split.sharedSequences / split.validationSequences],
    ],
  });
  return {
    title: "What validation shares with training",
    x: { label: "", range: [-0.5, 1.5], names: ["recordings", "sequences"] },
    y: { label: "share of validation's", range: [0, 1] },
    marks: [bars("split by recording", "healthy", right), bars("random frames", "faulty", random)],
  };
}
