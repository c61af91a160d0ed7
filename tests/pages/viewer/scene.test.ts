import { describe, expect, it } from "vitest";
import { writeGlb } from "../../../src/export/glb";
import { extentOf, freeCamera, projectPoints, START, sampleCamera } from "../../../src/pages/viewer/camera";
import { exportMeshes } from "../../../src/pages/viewer/export-meshes";
import { handsOfLook, handsOfSample, pictureOfLook } from "../../../src/pages/viewer/from-sample";
import { heatColour, heatGradient, niceCeiling } from "../../../src/pages/viewer/palette";
import {
  buildScene,
  describeView,
  farToNear,
  heatLimit,
  placed,
  shadeOf,
  type ViewerHand,
  vertexNormals,
} from "../../../src/pages/viewer/scene";
import type { LookView } from "../../../src/train/inspect/types";
import { openHand } from "../../helpers/open-hand";
import { posedHand } from "./posed-hand";

const { joints, vertices, faces } = posedHand(openHand(), 0.3);
const errors = Float32Array.from({ length: 778 }, (_, v) => 0.02 * (v / 777));
const hand: ViewerHand = { name: "predicted", joints, vertices, faces, errors, origin: [0, 0, 0.6], colour: "--ink" };
const bare: ViewerHand = { name: "true", joints, colour: "--accent", isTruth: true };
const shows = { mesh: true, bones: true, wires: false, heat: true, opacity: 1 };

describe("the palette of errors", () => {
  /** CIE lightness L* of an sRGB colour. */
  const lightness = (rgb: readonly number[]): number => {
    const [r, g, b] = rgb.map((value) => {
      const x = value / 255;
      return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    });
    return 116 * Math.cbrt(0.2126 * r + 0.7152 * g + 0.0722 * b) - 16;
  };

  it("grows lighter with the error, evenly", () => {
    const steps = Array.from({ length: 21 }, (_, i) => lightness(heatColour(i / 20)));
    const rises = steps.slice(1).map((value, i) => value - steps[i]);
    const mean = (steps[20] - steps[0]) / 20;
    expect(steps[20] - steps[0]).toBeGreaterThan(45);
    for (const rise of rises) {
      expect(rise).toBeGreaterThan(0.5 * mean);
      expect(rise).toBeLessThan(1.6 * mean);
    }
  });

  it("is seen on the light and on the dark ground: every colour differs from both", () => {
    const [paper, night] = [
      [240, 238, 234],
      [12, 14, 20],
    ];
    for (let i = 0; i <= 20; i++) {
      const colour = heatColour(i / 20);
      const far = (ground: readonly number[]) => Math.hypot(...colour.map((value, k) => value - ground[k]));
      expect(far(paper)).toBeGreaterThan(75);
      expect(far(night)).toBeGreaterThan(75);
    }
  });

  it("clamps, and greys what is no number", () => {
    expect(heatColour(-1)).toEqual(heatColour(0));
    expect(heatColour(7)).toEqual(heatColour(1));
    expect(heatColour(Number.NaN)).toEqual([128, 128, 128]);
    expect(heatGradient(2).match(/rgb/g)).toHaveLength(3);
  });

  it("ends at round numbers", () => {
    expect([0.9, 1, 1.1, 3, 7.2, 42, 500, 501].map(niceCeiling)).toEqual([1, 1, 2, 5, 10, 50, 500, 1000]);
    expect([0, -3, Number.NaN, Number.POSITIVE_INFINITY].map(niceCeiling)).toEqual([1, 1, 1, 1]);
  });
});

describe("the scene", () => {
  const rgbOf = (property: string) => (property === "--ink" ? ([1, 2, 3] as const) : ([9, 9, 9] as const));

  it("has the normals of a sphere for a sphere", () => {
    // An octahedron, counter-clockwise from outside.
    const corners = [1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1];
    const sides = [0, 2, 4, 2, 1, 4, 1, 3, 4, 3, 0, 4, 2, 0, 5, 1, 2, 5, 3, 1, 5, 0, 3, 5];
    const normals = vertexNormals(corners, sides);
    for (let i = 0; i < 18; i++) expect(normals[i]).toBeCloseTo(corners[i], 6);
    expect(vertexNormals([0, 0, 0], [])).toEqual(new Float32Array(3));
  });

  it("holds every hand that has a mesh, its faces and edges moved to its own vertices", () => {
    const scene = buildScene([hand, bare, { ...hand, errors: undefined }], "orbit", true, 0.02, rgbOf);
    expect(scene.positions).toHaveLength(2 * 778 * 3);
    expect(scene.faces).toHaveLength(2 * faces.length);
    expect(Array.from(scene.faces.subarray(faces.length, faces.length + 3))).toEqual(
      Array.from(faces.subarray(0, 3), (v) => v + 778),
    );
    expect(Math.max(...scene.edges)).toBe(2 * 778 - 1);
    expect(Array.from(scene.colours.subarray(0, 3))).toEqual(heatColour(0));
    expect(Array.from(scene.colours.subarray(4 * 777, 4 * 777 + 4))).toEqual([...heatColour(1), 255]);
    expect(Array.from(scene.colours.subarray(4 * 778, 4 * 778 + 4))).toEqual([1, 2, 3, 255]);
    const cold = buildScene([hand], "orbit", false, 0.02, rgbOf);
    expect(Array.from(cold.colours.subarray(0, 4))).toEqual([1, 2, 3, 255]);
    expect(buildScene([bare], "orbit", true, 0.02, rgbOf).faces).toHaveLength(0);
  });

  it("goes into files in its colours, where its camera has it when that is asked for", () => {
    const all = [hand, bare, { ...hand, name: "coarse", errors: undefined }];
    const meshes = exportMeshes(all, 0.02, rgbOf);
    expect(meshes.map(({ name }) => name)).toEqual(["predicted", "coarse"]);
    expect(Array.from(meshes[0].colours!.subarray(3 * 777))).toEqual(heatColour(1));
    expect(Array.from(meshes[1].colours!.subarray(3 * 777))).toEqual([1, 2, 3]);
    expect(meshes[0].vertices).toBe(vertices);
    expect(exportMeshes(all, 0.02, rgbOf, true)[0].vertices[2]).toBeCloseTo(vertices[2] + 0.6, 6);
    expect(writeGlb(meshes).length).toBeGreaterThan(2 * 778 * 24);
  });

  it("makes the truth a ghost beside another mesh, after the solid faces, and solid alone", () => {
    const truth = { ...hand, isTruth: true, errors: undefined };
    const scene = buildScene([truth, hand], "orbit", true, 0.02, rgbOf);
    expect(scene.solidFaces).toBe(faces.length / 3);
    expect(scene.colours[3]).toBe(255);
    expect(scene.colours[4 * 778 + 3]).toBeLessThan(128);
    const alone = buildScene([truth, bare], "orbit", true, 0.02, rgbOf);
    expect([alone.solidFaces, alone.colours[3]]).toEqual([faces.length / 3, 255]);
    const camera = freeCamera("orbit", START, extentOf([vertices]), 300, 300);
    const ghosts = farToNear(scene, camera, scene.solidFaces);
    expect(ghosts).toHaveLength(faces.length);
    expect(Math.min(...ghosts)).toBe(778);
  });

  it("stands in the sample's camera in the camera view alone", () => {
    expect(placed(hand, vertices, "orbit")).toBe(vertices);
    expect(placed(hand, vertices, "camera")[2]).toBeCloseTo(vertices[2] + 0.6, 6);
    expect(placed(bare, joints, "camera")).toBe(joints);
  });

  it("gives all faces, far ones first", () => {
    const scene = buildScene([hand], "orbit", true, 0.02, rgbOf);
    const camera = freeCamera("orbit", { ...START, turn: 1.9 }, extentOf([vertices]), 300, 300);
    const sorted = farToNear(scene, camera);
    const depths = projectPoints(camera, vertices);
    const key = (list: ArrayLike<number>, f: number) => [0, 1, 2].map((k) => list[3 * f + k]).join(" ");
    const count = faces.length / 3;
    const sorts = (list: ArrayLike<number>) => Array.from({ length: count }, (_, f) => key(list, f)).sort();
    expect(sorts(sorted)).toEqual(sorts(faces));
    const depthOf = (f: number) => [0, 1, 2].reduce((sum, k) => sum + depths[3 * sorted[3 * f + k] + 2] / 3, 0);
    for (let f = 1; f < count; f++) expect(depthOf(f)).toBeLessThan(depthOf(f - 1) + 3e-5);
    expect(depthOf(0) - depthOf(count - 1)).toBeGreaterThan(0.05);
  });

  it("keeps the heat map near its legend where a surface is in the dark", () => {
    expect(shadeOf(-1, true)).toBeGreaterThan(0.7);
    expect(shadeOf(1, true)).toBe(1);
    expect(shadeOf(-1, false)).toBeLessThan(shadeOf(-1, true));
  });
});

describe("what the ranks say of a sample", () => {
  it("becomes skeletons in metres", () => {
    const view = { joints3dTrue: joints.map((x) => 1000 * x), joints3dPredicted: joints.map((x) => 2000 * x) };
    const [truth, predicted] = handsOfSample(view);
    for (let i = 0; i < 63; i++) {
      expect(truth.joints[i]).toBeCloseTo(joints[i], 6);
      expect(predicted.joints[i]).toBeCloseTo(2 * joints[i], 6);
    }
    expect([truth.isTruth, predicted.vertices]).toEqual([true, undefined]);
  });

  it("becomes meshes, and a camera that puts them where their labels are", () => {
    const [width, height, focal, principal] = [168, 224, 2.1, [0.11, -0.07] as const];
    const wrist = [0.03, -0.05, 0.7] as const;
    const place = { joints, vertices, wrist };
    const joints2d = Float32Array.from({ length: 42 }, (_, i) => {
      const at = 3 * (i >> 1);
      const side = (focal * (joints[at + (i & 1)] + wrist[i & 1])) / (joints[at + 2] + wrist[2]) + principal[i & 1];
      return side * height + (i & 1 ? height : width) / 2;
    });
    const look = {
      ...{ truth: place, coarse: place, refined: place, faces, width, height, principal },
      ...{ trueFocal: focal, crop: { width, height, rgba: new Uint8ClampedArray(4 * width * height) } },
      errors: { verticesMm: errors.map((x) => 1000 * x) },
    } as unknown as LookView;
    const hands = handsOfLook(look);
    expect(hands.map(({ name }) => name)).toEqual(["true", "coarse", "refined"]);
    expect(hands[2].errors?.[777]).toBeCloseTo(0.02, 6);
    const inCamera = placed(hands[0], joints, "camera");
    const camera = sampleCamera(pictureOfLook(look), extentOf([inCamera]), width, height);
    const pixels = projectPoints(camera, inCamera);
    for (let i = 0; i < 42; i++) expect(Math.abs(pixels[3 * (i >> 1) + (i & 1)] - joints2d[i])).toBeLessThan(0.01);
  });
});

describe("the words for what is shown", () => {
  it("name view, hands, what is drawn and the errors", () => {
    const text = describeView("Sample a in 3D", "orbit", { turn: Math.PI / 2, tilt: 0.1 }, [bare, hand], shows, 0.02);
    expect(text).toBe(
      "Sample a in 3D, turned 90 degrees and tilted 6: true hand as skeleton; predicted hand as mesh and skeleton, coloured by error from 0 to 20 mm, mean 10 mm over 778 vertices.",
    );
    const none = { ...shows, mesh: false, bones: false };
    expect(describeView("x", "top", START, [hand], none, 0.02)).toBe(
      "x, seen from the top: predicted hand as nothing.",
    );
    expect(describeView("x", "side", START, [], shows, 0.02)).toBe("x, seen from the side: no hand.");
    expect(describeView("x", "camera", START, [hand], { ...shows, wires: true, heat: false }, 0.02)).toContain(
      "over its picture: predicted hand as wireframe and skeleton.",
    );
  });

  it("end the legend where nearly all errors are, at a round number", () => {
    expect(heatLimit([hand])).toBe(0.02);
    const wild = errors.slice();
    wild[3] = 4;
    wild[4] = Number.NaN;
    expect(heatLimit([{ ...hand, errors: wild }])).toBe(0.02);
    expect(heatLimit([bare])).toBe(0.001);
  });
});
