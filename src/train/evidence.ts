/** What the doctor judges by: plain numbers, as JSON holds them. Whoever makes them looks at data, weights and gradients, never at the names of planted faults. */

/** Mean red, green and blue. */
export type Rgb = readonly [number, number, number];

/** How projected joints lie against the 2D labels of one sample, in pixels of the square crop, over the joints that count. */
export interface Projection {
  /** Largest distance along each axis. */
  readonly xPx: number;
  readonly yPx: number;
  /** Label over projection, the best single factor along each axis; 4/3 in x alone is a division by 3/4 of the side. */
  readonly xScale: number;
  readonly yScale: number;
  /** Largest distance along each axis that is left after dividing the labels by these factors. */
  readonly xScaledPx: number;
  readonly yScaledPx: number;
}

/** MANO(pose, shape) of a sample against its 3D joints, both relative to the wrist, millimetres. */
export interface ManoAgreement {
  /** Each of the 21 joints in OpenPose order. */
  readonly jointsMm: readonly number[];
  /** Largest of the 16 joints that are not finger tips; tips depend on the choice of vertices. */
  readonly gapMm: number;
  /** Rotation of the labelled root that brings MANO nearest to the joints: axis-angle, degrees. */
  readonly turnDegrees: readonly [number, number, number];
  /** `gapMm` after that rotation. */
  readonly turnedMm: number;
  /** `gapMm` when the labels are read in another way. Undefined where `gapMm` is small and nothing has to be explained. */
  readonly otherwise:
    | {
        /** Root turned by 180 degrees about x: parameters of OpenGL's frame. */
        readonly openGl: number;
        /** Parameters of a left hand, mirrored here. */
        readonly mirrored: number;
        /** The model's mean pose added to the fingers. */
        readonly meanAdded: number;
        /** The model's mean pose taken from the fingers. */
        readonly meanRemoved: number;
      }
    | undefined;
}

/** One sample as the network gets it. Image numbers are 0 to 1, before ImageNet's mean and deviation. */
export interface SampleEvidence {
  readonly hasDepth: boolean;
  readonly hasMano: boolean;
  readonly imageStd: number;
  readonly imageMeans: Rgb;
  /** Nearest and farthest depth in [-1, 1] of the depth cube. */
  readonly depthRange: readonly [number, number];
  /** Share of depth pixels at the far plane: far, or without a reading. */
  readonly farShare: number;
  /** Joints whose pixel has a depth inside the cube, and the median of its distance to the joint's z, mm. */
  readonly depthJoints: number;
  readonly depthGapMm: number | undefined;
  /** Share of these joints within 60 mm. */
  readonly depthNearShare: number | undefined;
  /** 3D labels, metres: nearest and farthest z, and the wrist. */
  readonly zRange: readonly [number, number];
  readonly root: readonly [number, number, number];
  /** 3D labels that count: 21, or 1 where only the wrist is known. */
  readonly joints: number;
  /** Share of the joints that count whose 2D label lies inside the W x S pixels that the network sees. */
  readonly insideShare: number;
  /** 2D labels with confidence 1 that lie outside of them by more than a pixel. */
  readonly outsideCounted: number;
  /** Largest 2D label without sign. */
  readonly largest2d: number;
  /** 3D labels through the sample's camera; undefined where a joint is not in front of or behind the camera by 1 cm at least. */
  readonly projected3d: Projection | undefined;
  /** The data set's own joints through the data set's camera and the crop: right whatever became of the 3D labels. */
  readonly projectedFrame: Projection | undefined;
  /** Undefined without parameters, hand or joints. */
  readonly mano: ManoAgreement | undefined;
  /** Degrees by which the crop turns the image. */
  readonly cropDegrees: number;
  /** Centre of the crop in pixels of the original image, and its side. */
  readonly cropCentre: readonly [number, number];
  readonly cropSide: number;
}

/** What augmentation did to one sample, measured between its augmented and its plain form, degrees about the optical axis. */
export interface AugmentationEvidence {
  readonly cropDegrees: number;
  /** By which the 3D labels turned. */
  readonly jointsDegrees: number | undefined;
  /** By which the root rotation of the labels turned, and what of that rotation is not about the optical axis. */
  readonly poseDegrees: number | undefined;
  readonly poseOffAxisDegrees: number | undefined;
  /** Size of the hand in the crop against the plain one. */
  readonly scale: number;
  /** Movement of the crop's centre over the side of the plain crop. */
  readonly shift: number;
  /** Distance of the crop's centre to the plain one converted to metres and taken for pixels, over the plain crop's side. */
  readonly toCentreInMetres: number;
  /** How far apart these two centres are, over the plain crop's side. */
  readonly centreInMetresIsOff: number;
}

/** One frame of the data set as it was imported. */
export interface FrameEvidence {
  readonly wristZ: number;
  /** Wrist to the middle finger's tip along the bones, mm; undefined where only the wrist is known. */
  readonly handMm: number | undefined;
  /** Pixels kept of the image; 0 when the crop was empty. */
  readonly pixels: number;
  /** Mean of all channels' deviation, 0 to 1, and the channels' means. */
  readonly imageStd: number;
  readonly imageMeans: Rgb;
  readonly hasDepth: boolean;
  /** Readings at joints: how many, and the share within 60 mm of the joint; the same with each reading's two bytes exchanged. */
  readonly depthReadings: number;
  readonly depthNear: number;
  readonly depthNearSwapped: number;
  /** Median of reading minus joint, mm. */
  readonly depthOffsetMm: number | undefined;
  /** The crop is the square round the joints: no detector's box. */
  readonly boxFromJoints: boolean;
}

export interface DataSampleEvidence {
  readonly id: string;
  readonly frame: FrameEvidence;
  readonly plain: SampleEvidence;
  readonly augmented: SampleEvidence;
  readonly augmentation: AugmentationEvidence;
}

/** A made-up record through the way that every sample goes: pure red, and depth that rises to the right. */
export interface TestFrameEvidence {
  /** Means of the result at the hand, 0 to 1; [1, 0, 0] is right. */
  readonly rgb: Rgb;
  /** Depth that came out over depth that went in, along the ramp; 1 is right, undefined when depth is not shown. */
  readonly depthSlope: number | undefined;
}

export interface SplitEvidence {
  readonly train: number;
  readonly validation: number;
  /** Frames in both. */
  readonly sharedFrames: number;
  /** Sequences and recordings with frames on both sides, of those in validation. */
  readonly sharedSequences: number;
  readonly validationSequences: number;
  readonly sharedRecordings: number;
  readonly validationRecordings: number;
  readonly examples: readonly string[];
  /** Median over validation frames of a shared sequence of the distance in frame numbers to the nearest training frame. */
  readonly nearestFrames: number | undefined;
  /** Ids that occur more than once in the validation list. */
  readonly repeatedValidation: number;
}

export interface EpochEvidence {
  /** Samples of one epoch's whole steps, and how many different ones. */
  readonly samples: number;
  readonly unique: number;
  /** Training samples that the epoch does not show because they do not fill a step. */
  readonly left: number;
  readonly repeated: readonly string[];
}

/** Frames under one reason. */
export interface CountEvidence {
  readonly reason: string;
  readonly count: number;
  readonly example: string;
}

/** Everything about the data that can be known before the first step. */
export interface DataEvidence {
  readonly set: string;
  readonly hand: string;
  /** Whether the hand's mesh is MANO's. */
  readonly handIsMano: boolean;
  /** Side S of the crop, columns W that the network sees, side of the depth cube in metres. */
  readonly size: number;
  readonly width: number;
  readonly depthCube: number;
  readonly samples: readonly DataSampleEvidence[];
  readonly testFrame: TestFrameEvidence;
  readonly split: SplitEvidence;
  readonly epoch: EpochEvidence;
  readonly kept: number;
  readonly dropped: readonly CountEvidence[];
  readonly notes: readonly CountEvidence[];
}
