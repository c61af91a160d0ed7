/** Which feature map is looked at: one figure over all channels, or the channels of a group. */
export interface MapChoice {
  readonly scale: number;
  readonly figure: "mean" | "max" | "norm" | "channels";
  /** The first channel of the group is this times `GROUP`. */
  readonly group: number;
}

/** Channels that are shown beside each other. */
export const GROUP = 12;
