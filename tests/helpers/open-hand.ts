/** The shipped hand for tests that run in Node. */
import { readFileSync } from "node:fs";
import { readHandAsset } from "../../src/data/hand/asset";
import type { HandModel } from "../../src/data/types";

/** Bytes of public/openhand/openhand.safetensors, a fresh copy. */
export function openHandBytes(): ArrayBuffer {
  return new Uint8Array(readFileSync(new URL("../../public/openhand/openhand.safetensors", import.meta.url))).buffer;
}

/** OpenHand from the working tree. */
export function openHand(): HandModel {
  return readHandAsset(openHandBytes());
}
