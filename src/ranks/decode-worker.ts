/** A worker that decodes frames of an import. */
import { expose, transfer } from "comlink";
import { DEFAULT_MARGIN, recordSide } from "../data/crop";
import { type Decoded, frameDecoder, transferable } from "../data/import-decode";
import { openFrames } from "../data/open";
import { openHand, openSource } from "./choices";
import type { FrameDecoder } from "./decode-threads";

let decodeFrame: ((id: string) => Promise<Decoded>) | undefined;

const decoder: FrameDecoder = {
  async open(source, split, options) {
    const quirks = new Set(options.quirks);
    const hand = await openHand(options.hand);
    const frames = await openFrames(await openSource(source), { split, quirks, hand });
    const { size, boxScale } = options;
    decodeFrame = frameDecoder(frames, { size, boxScale, side: recordSide(size), margin: DEFAULT_MARGIN, quirks });
  },
  async decode(id) {
    if (decodeFrame === undefined) throw new Error(`frame "${id}" was asked for before the files were opened`);
    const { decoded, buffers } = transferable(await decodeFrame(id));
    return transfer(decoded, buffers);
  },
};

expose(decoder);
