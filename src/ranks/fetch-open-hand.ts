import { readHandAsset } from "../data/hand/asset";
import type { HandModel } from "../data/types";

/** OpenHand as the app serves it, for a page's workers. Throws a sentence when the server does not have it. */
export async function fetchOpenHand(): Promise<HandModel> {
  const url = new URL(`${import.meta.env.BASE_URL}openhand/openhand.safetensors`, self.location.origin);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`OpenHand: ${url.pathname} answered ${response.status}; is the app served whole?`);
  return readHandAsset(await response.arrayBuffer());
}
