import type { StageName } from "./address";

/** Names of the stages, and what each one is in a sentence. */
export const STAGES: Readonly<Record<StageName, { readonly label: string; readonly says: string }>> = {
  frame: { label: "Frame", says: "The picture as it was filmed, and what is cut out of it." },
  crop: { label: "Crop", says: "What the network is shown: colour, and depth around the hand." },
  augmentation: {
    label: "Augmentation",
    says: "What training does to a sample, step by step; labels must follow the picture.",
  },
  tokens: { label: "Tokens", says: "The crop cut into patches, and the tokens that stand in front of them." },
  attention: { label: "Attention", says: "How much one token looks at each of the others." },
  maps: { label: "Feature maps", says: "What the backbone hands to the mesh, on its grid over the crop." },
  sampling: { label: "Sampling", says: "Where the vertices of the coarse hand read the feature maps." },
  coarse: { label: "Coarse hand", says: "The hand of the backbone alone, before refinement." },
  refined: { label: "Refined hand", says: "Truth, coarse and refined hand, each relative to its own wrist." },
  metrics: { label: "Metrics", says: "Where the refined hand is wrong, before and after the best similarity." },
  losses: { label: "Losses", says: "The terms that training adds up, of this sample alone." },
  gradients: { label: "Gradients", says: "Where a small change of the input, or of a module, would change the loss." },
};
