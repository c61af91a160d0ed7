/** Rendered frames of a hand model as a data set: nothing on disk, each frame drawn when it is read, the same whatever the order. */
import { DataError } from "../data-error";
import { handForward, joints21 } from "../hand/forward";
import { newReport } from "../import-report";
import type { Frame, FrameSet, HandModel } from "../types";
import type { PoseRange } from "./pose";
import { createStudio, renderFrame } from "./render";
import {
  type CameraView,
  createRecording,
  handInView,
  handKit,
  objectCorners,
  objectInView,
  type Recording,
} from "./scene";

export { UPRIGHT_SPREAD } from "./scene";

/** How many frames and of what. */
export interface SyntheticOptions {
  readonly frames: number;
  readonly seed: number;
  /** Cameras that film each recording, 1 to 9; at most 3 unless given, fewer for a handful of frames. */
  readonly camerasPerRecording?: number;
  /** Frames of each camera, at most 8 unless given. */
  readonly framesPerSequence?: number;
  /**
   * How far the hand turns away from upright, radians; the cameras stand on one side of it. Undefined, the default: the hand
   * is seen from any side.
   */
  readonly spread?: number;
  /** Which poses the hand takes, "any" unless given. */
  readonly poses?: PoseRange;
}

/** The labels of a synthetic frame: more than a Frame has, as HO-3D's files hold it. OpenCV frame, metres. */
export interface SyntheticAnnotation {
  readonly camera: Frame["camera"];
  readonly pose: Float64Array; // [48]
  readonly shape: Float64Array; // [shapeCount]
  readonly trans: Float64Array; // [3]
  readonly joints3d: Float64Array; // [21, 3] OpenPose order
  readonly vertices: Float64Array; // [V, 3]
  readonly recording: Recording;
  readonly object: { readonly rotation: Float64Array; readonly centre: Float64Array; readonly corners: Float64Array };
}

/** A rendered data set. */
export interface SyntheticFrameSet extends FrameSet {
  /** Recording names in order: "SYA", "SYB", ... Cameras add a digit. */
  readonly recordings: readonly string[];
  /** Labels without rendering. Throws DataError for an id that is not in the set. */
  annotation(id: string): SyntheticAnnotation;
}

/** "SYA" to "SYZ", then "SYAA" and so on. */
function recordingName(index: number): string {
  let letters = "";
  for (let i = index; i >= 0; i = Math.floor(i / 26) - 1) letters = String.fromCharCode(65 + (i % 26)) + letters;
  return `SY${letters}`;
}

/** Which recording, camera and instant each id is. */
interface Place {
  readonly sequence: string;
  readonly recording: string;
  readonly camera: number;
  readonly frame: number;
}

function requireCount(value: number, what: string, highest = 1e6): number {
  if (!Number.isInteger(value) || value < 1 || value > highest) {
    throw new DataError(`synthetic frames: ${what} is ${value}, expected a whole number of 1 to ${highest}`);
  }
  return value;
}

/**
 * Frames of `hand`, rendered when read. Recordings are small enough that a few dozen frames already come from several, so
 * that a split by recording works. Throws DataError when a number is out of range.
 */
export function syntheticFrameSet(hand: HandModel, options: SyntheticOptions): SyntheticFrameSet {
  const frames = requireCount(options.frames, "the number of frames");
  const atMost = (limit: number, value: number): number => Math.max(1, Math.min(limit, Math.floor(value)));
  const cameras = requireCount(options.camerasPerRecording ?? atMost(3, frames / 3), "cameras per recording", 9);
  const perSequence = requireCount(
    options.framesPerSequence ?? atMost(8, frames / (8 * cameras)),
    "frames per sequence",
    9999,
  );
  const { spread } = options;
  if (spread !== undefined && !(spread >= 0 && spread <= Math.PI)) {
    throw new DataError(`synthetic frames: the spread is ${spread}, expected 0 to pi radians`);
  }
  const kit = handKit(hand);
  const studio = createStudio(kit, options.seed);
  const places = new Map<string, Place>();
  const recordings: string[] = [];
  while (places.size < frames) {
    const recording = recordingName(recordings.length);
    recordings.push(recording);
    for (let camera = 0; camera < cameras; camera++) {
      for (let frame = 0; frame < perSequence && places.size < frames; frame++) {
        const sequence = `${recording}${camera}`;
        places.set(`${sequence}/${String(frame).padStart(4, "0")}`, { sequence, recording, camera, frame });
      }
    }
  }
  const made = new Map<string, Recording>();
  const find = (id: string): Place & { film: Recording; view: CameraView } => {
    const place = places.get(id);
    if (place === undefined) throw new DataError(`synthetic frames: "${id}" is not among the ${frames} frames`);
    let film = made.get(place.recording);
    if (film === undefined) {
      film = createRecording(kit, options.seed, place.recording, perSequence, cameras, options);
      made.set(place.recording, film);
    }
    return { ...place, film, view: film.cameras[place.camera] };
  };
  const report = newReport();
  report.kept = frames;
  return {
    name: `synthetic, ${frames} frames, seed ${options.seed}`,
    ids: [...places.keys()],
    recordings,
    report,
    annotation: (id) => {
      const { film, frame, view } = find(id);
      const parameters = handInView(film, frame, view);
      const result = handForward(hand, parameters);
      return {
        camera: view.intrinsics,
        ...parameters,
        joints3d: joints21(hand, result),
        vertices: result.vertices,
        recording: film,
        object: { ...objectInView(film, parameters), corners: objectCorners(film, parameters) },
      };
    },
    read: async (id) => {
      const { film, frame, view, sequence, recording } = find(id);
      const mano = handInView(film, frame, view);
      const { rgb, depth } = renderFrame(studio, film, frame, view, id);
      return {
        id,
        sequence,
        recording,
        rgb,
        depth,
        camera: view.intrinsics,
        joints3d: joints21(hand, handForward(hand, mano)),
        rootOnly: false,
        mano,
        box: undefined,
      };
    },
  };
}
