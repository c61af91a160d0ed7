/** A worker that decodes frames of an import. */
import { transfer } from "comlink";
import { DEFAULT_MARGIN, recordSide } from "../data/crop";
import { fileDecoder, type ThreadDecoder, transferable } from "../data/import-decode";
import { openHand, openSource } from "./choices";
import type { FrameDecoder } from "./decode-threads";
import { exposeToStarter } from "./nursery";

let decodeFrame: ThreadDecoder | undefined;

const decoder: FrameDecoder = {
  async open(source, split, options) {
    const quirks = new Set(options.quirks);
    const hand = await openHand(options.hand);
    const { size, boxScale } = options;
    const crop = { size, boxScale, side: recordSide(size), margin: DEFAULT_MARGIN, quirks };
    decodeFrame = fileDecoder(await openSource(source), { split, quirks, hand }, crop);
  },
  async decode(id, recipe) {
    if (decodeFrame === undefined) throw new Error(`frame "${id}" was asked for before the files were opened`);
    const { decoded, buffers } = transferable(await decodeFrame(id, recipe));
    return transfer(decoded, buffers);
  },
};

exposeToStarter(decoder);
