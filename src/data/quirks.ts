/** The named defects that the data side can reproduce. Each is switched in the one place where the right thing is done. */

/** Name and what it does wrong. */
export const DATA_QUIRKS = {
  "opengl-unconverted": "HO-3D labels stay in OpenGL's frame (z < 0), the crop fails and a blank image is used",
  "com-shift-twice": "a quarter of the samples: the shifted crop centre is unprojected twice, the crop shows nothing",
  "labels-not-augmented": "the image and the 2D joints are rotated, the 3D joints are not",
  "pose-not-augmented": "the image and the joints are rotated, MANO's root rotation is not",
  "tips-smplx": "finger tips at smplx's vertices instead of the data set's",
  "pose-opengl": "joints are converted to OpenCV, MANO's root rotation is not",
  bgr: "blue and red are exchanged",
  "width-normalised": "x of the 2D joints is divided by the visible width instead of the square's side",
  "depth-bytes-swapped": "high and low byte of the depth are exchanged",
  "gt-recentred": "3D labels are made wrist-relative before the loss does it",
  "random-frame-split": "validation frames are drawn from the same videos as training frames",
  "duplicate-samples": "half of the samples are seen twice an epoch, the other half never",
} as const;

/** The quirks in force; names of the model's quirks may be in the same set and are ignored here. */
export type DataQuirks = ReadonlySet<string>;

/** No quirk: everything is done right. */
export const NO_QUIRKS: DataQuirks = new Set<string>();
