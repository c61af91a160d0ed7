/** `npm run faults -- checkpoints [--kills N] [--contests N] [--seed N] [--only KIND]`: the whole of a campaign. */
import { parseArgs } from "node:util";
import { checkpoints } from "./checkpoints/report";

const CAMPAIGNS: Readonly<Record<string, (values: Readonly<Record<string, string | undefined>>) => Promise<boolean>>> =
  {
    checkpoints,
  };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string" },
    contests: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
  },
});
const campaign = CAMPAIGNS[positionals[0] ?? ""];
if (campaign) process.exitCode = (await campaign(values)) ? 0 : 1;
else {
  console.error(`faults: "${positionals[0] ?? ""}" is no campaign; there are ${Object.keys(CAMPAIGNS).join(", ")}`);
  process.exitCode = 2;
}
