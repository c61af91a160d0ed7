/** A thread of Node that decodes frames of an import. */
import { workerData } from "node:worker_threads";
import { type Endpoint, expose, transfer } from "comlink";
import { transferable } from "../data/import-decode";
import { type DecodeStart, type FrameDecoder, openDecoder } from "./decode-threads";

const { place, port } = workerData as DecodeStart;
const opened = openDecoder(place);
// Met by whoever asks for the first frame.
opened.catch(() => undefined);

const decoder: FrameDecoder = {
  async decode(id, recipe) {
    const decode = await opened;
    const { decoded, buffers } = transferable(await decode(id, recipe));
    return transfer(decoded, buffers);
  },
};

expose(decoder, port as unknown as Endpoint);
