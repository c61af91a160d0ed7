/** Entry of `npm run bench`: the reference training step and every class of kernels, on this machine's adapter. */
import { parseArgs } from "node:util";
import { Gpu } from "../gpu/gpu";
import { runBench } from "./bench/run";
import { readInteger } from "./command";
import { requestNodeGpu } from "./dawn";

const HELP = `npm run bench [-- options]: time the reference training step and the kernels

  --steps N      steps of the reference ViT, the first three untimed; 0 leaves it out (default 13)
  --no-kernels   without the table of kernels
  --only TEXT    only kernels whose label contains TEXT
  --help         this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "13" },
      "no-kernels": { type: "boolean", default: false },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const gpu = await Gpu.request(await requestNodeGpu());
  const host = {
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
    print: (line: string) => process.stdout.write(`${line}\n`),
  };
  const options = { steps: readInteger("steps", values.steps), kernels: !values["no-kernels"], only: values.only };
  return (await runBench(gpu, host, options)) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`handloom: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
