import type { StageName } from "./address";

/** Names of the stages, and what is seen in each, in a sentence for somebody who has not read the code. */
export const STAGES: Readonly<Record<StageName, { readonly label: string; readonly says: string }>> = {
  frame: {
    label: "Frame",
    says: "The picture as it was filmed, with the square that is cut out round the hand.",
  },
  crop: {
    label: "Crop",
    says: "All that the network is shown of it: colour, and how far away each pixel is, where that was measured.",
  },
  augmentation: {
    label: "Augmentation",
    says: "Training changes a sample every time it is shown, step by step; true joints must move with the picture.",
  },
  tokens: {
    label: "Tokens",
    says: "Each patch of the crop as a vector, a token; colour is its length.",
  },
  attention: {
    label: "Attention",
    says: "Every block mixes tokens: bright patches are those that the chosen token takes most from.",
  },
  maps: {
    label: "Feature maps",
    says: "What the backbone found where in the crop, as numbers on a grid; the hand is refined from them.",
  },
  sampling: {
    label: "Sampling",
    says: "Where the coarse hand's vertices read the maps; outside of the crop is nothing.",
  },
  coarse: {
    label: "Coarse hand",
    says: "The hand that the backbone alone makes, in the crop and beside the true one.",
  },
  refined: {
    label: "Refined hand",
    says: "The network's answer beside the coarse and the true hand, laid wrist on wrist.",
  },
  metrics: {
    label: "Metrics",
    says: "How far each point is from the truth, as predicted or after the best turn, scale and move (Procrustes).",
  },
  losses: {
    label: "Losses",
    says: "The numbers that training makes small, of this sample alone; each term times its weight, added up.",
  },
  gradients: {
    label: "Gradients",
    says: "Where a small change of a pixel, or of a module's weights, would change the loss most.",
  },
};
