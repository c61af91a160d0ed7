import { readHandAsset } from "../data/hand/asset";
import type { HandModel } from "../data/types";

/** OpenHand as the app serves it, for a page's workers. Throws a sentence when the server does not have it. */
export async function fetchOpenHand(): Promise<HandModel> {
  // A built worker lies in the folder "assets" of the app, which may be served from any folder of a host.
  const { BASE_URL } = import.meta.env;
  const app = new URL(BASE_URL === "./" ? ".." : BASE_URL, self.location.href);
  const url = new URL("openhand/openhand.safetensors", app);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`OpenHand: ${url.pathname} answered ${response.status}; is the app served whole?`);
  return readHandAsset(await response.arrayBuffer());
}
