/** Entry of `npm run bench`: training steps and every class of kernels, in this process or in a browser. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { runBench } from "../bench/run";
import { Gpu } from "../gpu/gpu";
import { benchDataInNode } from "./bench-data";
import { benchInBrowser } from "./bench-in-browser";
import { benchRankRuns, FEWEST_STEPS } from "./bench-rank-runs";
import { benchRanks, isBenchRank, runBenchRank } from "./bench-ranks";
import { readInteger } from "./command";
import { requestNodeGpu } from "./dawn";
import { openHand } from "./run-setup";

const HELP = `npm run bench [-- options]: time training steps and the kernels

  --runtime NAME  node, chromium or firefox: where to time them (default node)
  --steps N       steps of the reference ViT and of tiny, the first three untimed; 0 leaves them out (default 13);
                  with --ranks: steps of each run, the first five untimed (default 40)
  --no-kernels    without the table of kernels
  --only TEXT     only rows whose label contains TEXT
  --data          instead: import, shards and loader against the steps of tiny and small, as a table; in Node
  --frames N      with --data: frames to import (default 5000: 2.6 GB in the temporary folder)
  --ranks         instead: what ranks cost and gain, as a table: tiny trains on 1, 2 and 4 of them; in Node also what it
                  costs threads to average gradients in host memory, without a GPU
  --help          this text

The exit code is 1 when a loss of the reference ViT differs from PyTorch's by more than 3e-6.
`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runtime: { type: "string", default: "node" },
      steps: { type: "string" },
      "no-kernels": { type: "boolean", default: false },
      only: { type: "string" },
      data: { type: "boolean", default: false },
      frames: { type: "string", default: "5000" },
      ranks: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { runtime } = values;
  if (runtime !== "node" && runtime !== "chromium" && runtime !== "firefox")
    throw new Error(`bench: --runtime is "${runtime}", expected node, chromium or firefox`);
  if (values.ranks) {
    const program = fileURLToPath(import.meta.url);
    const steps = readInteger("steps", values.steps ?? "40", { min: FEWEST_STEPS });
    if (runtime === "node") {
      await benchRanks(program, print);
      print("");
    }
    await benchRankRuns(join(dirname(program), "handloom.js"), { runtime, steps }, print);
    return 0;
  }
  const steps = readInteger("steps", values.steps ?? "13");
  if (values.data) {
    if (runtime !== "node") throw new Error(`bench: --data measures in node, found --runtime ${runtime}`);
    const frames = readInteger("frames", values.frames, { min: 256 });
    await benchDataInNode({ frames, steps }, print);
    return 0;
  }
  const options = { steps, kernels: !values["no-kernels"], only: values.only };
  if (runtime !== "node") return (await benchInBrowser(runtime, options, print)) ? 0 : 1;
  const gpu = await Gpu.request(await requestNodeGpu());
  const host = {
    async cpuSeconds() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    readHand: () => openHand("openhand"),
    print,
  };
  return (await runBench(gpu, host, options)) ? 0 : 1;
}

// A rank of the all-reduce runs this same program in a thread.
if (!isMainThread && isBenchRank(workerData)) parentPort?.postMessage(runBenchRank(workerData));
else
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`handloom: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
