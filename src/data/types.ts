/**
 * What the data side hands to the trainer. Metres, radians, OpenCV camera frame (x right, y down, z forward),
 * right hand, 21 joints in OpenPose order (wrist, then thumb, index, middle, ring, pinky, each from base to tip).
 */

/** The tensors of a MANO hand model, in MANO's own layout and units (metres). OpenHand and MANO_RIGHT.pkl both give this. */
export interface HandModel {
  readonly name: string;
  /** Number of vertices V (778 for MANO) and of shape directions (10). */
  readonly vertexCount: number;
  readonly shapeCount: number;
  readonly vTemplate: Float64Array; // [V, 3]
  readonly shapedirs: Float64Array; // [V, 3, 10]
  readonly posedirs: Float64Array; // [V, 3, 135]
  readonly jRegressor: Float64Array; // [16, V]
  readonly weights: Float64Array; // [V, 16]
  readonly faces: Uint32Array; // [F, 3]
  readonly parents: Int32Array; // [16], -1 for the root
  readonly handsMean: Float64Array; // [45] axis-angle
  /** Principal components of finger poses, one a row, where the file has them: fingers = handsMean + coefficients x this. */
  readonly handsComponents?: Float64Array; // [45, 45]
  /** Default tip vertices: thumb, index, middle, ring, pinky. A data set's adapter may bring its own. */
  readonly tips: readonly [number, number, number, number, number];
}

/** 8-bit RGB image, rows from the top, interleaved. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array; // [height, width, 3]
}

/** Depth in metres, 0 = no reading. */
export interface DepthImage {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array; // [height, width]
}

/** One annotated frame as a data set's adapter returns it: full image, nothing cropped, nothing augmented. */
export interface Frame {
  /** Stable id, e.g. "SYA0/0003". Keys every random choice made for this frame. */
  readonly id: string;
  /** Sequence name ("SYA0") and the prefix shared by all cameras of one recording ("SYA"). */
  readonly sequence: string;
  readonly recording: string;
  readonly rgb: RgbImage;
  readonly depth: DepthImage | undefined;
  /** fx, fy, cx, cy in pixels. */
  readonly camera: readonly [number, number, number, number];
  readonly joints3d: Float64Array; // [21, 3] metres, OpenCV, OpenPose order; only joint 0 is true when rootOnly
  readonly rootOnly: boolean;
  /** MANO parameters, undefined where the data set has none: pose [48] axis-angle (flat hand mean), shape [10], trans [3]. */
  readonly mano:
    | { readonly pose: Float64Array; readonly shape: Float64Array; readonly trans: Float64Array }
    | undefined;
  /** x1, y1, x2, y2 in pixels when the data set brings a box. */
  readonly box: readonly [number, number, number, number] | undefined;
}

/** What became of the frames that a data set names: none is dropped without being counted here. */
export interface ImportReport {
  /** Usable frames. */
  kept: number;
  /** Reason to count and the first frame it happened to. */
  readonly dropped: Map<string, { count: number; example: string }>;
  /** Frames that are used although something is missing, e.g. without a depth image. */
  readonly notes: Map<string, { count: number; example: string }>;
}

/** A data set: the ids of its usable frames and a way to read one. */
export interface FrameSet {
  readonly name: string;
  readonly ids: readonly string[];
  readonly report: ImportReport;
  /** Throws DataError naming the frame when it cannot be used. */
  read(id: string): Promise<Frame>;
}

/**
 * A frame cut down to the surroundings of the hand, small enough to keep tens of thousands: at most R x R pixels, those of the
 * original image where the hand is small (`step` = 1), means by area where it is large, with everything a Sample needs.
 * Pixel (i, j) of the record has its centre at (x0 + i step, y0 + j step) of the original image, `step` >= 1 and real.
 */
export interface CropRecord {
  readonly id: string;
  readonly sequence: string;
  readonly recording: string;
  readonly width: number;
  readonly height: number;
  readonly x0: number;
  readonly y0: number;
  readonly step: number;
  readonly rgb: Uint8Array; // [height, width, 3]
  readonly depth: Uint16Array | undefined; // [height, width] in units of HO3D_DEPTH_UNIT, 0 = no reading
  /** Centre x, centre y, side of the square crop before augmentation, original pixels. */
  readonly square: readonly [number, number, number];
  readonly camera: Frame["camera"];
  readonly joints3d: Float64Array; // [21, 3]
  readonly rootOnly: boolean;
  readonly mano: Frame["mano"];
}

/** One cropped, augmented sample, ready to be stacked into a batch. S = crop side, W = columns the model sees. */
export interface Sample {
  readonly id: string;
  readonly image: Float32Array; // [3, S, W] normalised by ImageNet mean and std
  readonly depth: Float32Array; // [1, S, W] in [-1, 1] of the depth cube, 1 = far or missing
  readonly hasDepth: 0 | 1;
  /** Focal length in crop pixels divided by S. */
  readonly focal: number;
  /** Principal point, x, y in the units of joints2d: joints2d = focal (X, Y) / Z + principal, exactly, also after augmentation. */
  readonly principal: Float32Array; // [2]
  readonly joints2d: Float32Array; // [21, 3] x, y in [-0.5, 0.5] of the square crop, confidence
  readonly joints3d: Float32Array; // [21, 4] metres, camera frame of the crop, confidence
  readonly hasMano: 0 | 1;
  readonly pose: Float32Array; // [16, 3, 3] rotation matrices of the augmented hand
  readonly shape: Float32Array; // [10]
  /**
   * Maps original pixels to crop pixels, row-major 2x3: a similarity, times the camera's pixel aspect fx / fy in y.
   * Original pixel (0, 0) has its centre at (0, 0), as camera matrices count; crop pixel (0, 0) has it at (0.5, 0.5).
   */
  readonly cropFromImage: Float64Array; // [6]
}
