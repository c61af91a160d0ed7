/** The benchmark's entry: in a worker of a page, as training is, spoken to over Comlink. */
import { expose } from "comlink";
import { runBench } from "../bench/run";
import { readHandAsset } from "../data/hand/asset";
import type { HandModel } from "../data/types";
import { Gpu } from "../gpu/gpu";
import type { BenchApi } from "./bench-api";

async function readHand(): Promise<HandModel> {
  const url = new URL(`${import.meta.env.BASE_URL}openhand/openhand.safetensors`, self.location.origin);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`OpenHand: ${url.pathname} answered ${response.status}; is the app served whole?`);
  return readHandAsset(await response.arrayBuffer());
}

const api: BenchApi = {
  async run(options, page) {
    const gpu = await Gpu.request(navigator.gpu);
    const host = {
      print: (line: string) => page.print(line),
      cpuSeconds: () => page.cpuSeconds(),
      readHand,
    };
    return runBench(gpu, host, options);
  },
};

expose(api);
