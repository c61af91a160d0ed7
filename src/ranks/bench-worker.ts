/** The benchmark's entry: in a worker of a page, as training is, spoken to over Comlink. */
import "../security/own-scripts";
import { expose } from "comlink";
import { runBench } from "../bench/run";
import { Gpu } from "../gpu/gpu";
import type { BenchApi } from "./bench-api";
import { fetchOpenHand } from "./fetch-open-hand";

const api: BenchApi = {
  async run(options, page) {
    const gpu = await Gpu.request(navigator.gpu);
    const host = {
      print: (line: string) => page.print(line),
      cpuSeconds: () => page.cpuSeconds(),
      readHand: fetchOpenHand,
    };
    return runBench(gpu, host, options);
  },
};

expose(api);
