/**
 * The whole of a campaign: `npm run faults -- checkpoints [--kills N] [--contests N] [--seed N] [--only KIND]`, or
 * `npm run faults -- ranks [--kind KIND] [--n N] [--seed N] [--browser NAME] [--ranks N]`.
 */
import { parseArgs } from "node:util";
import { checkpoints } from "./checkpoints/report";
import { ranks } from "./ranks/report";

const CAMPAIGNS: Readonly<Record<string, (values: Readonly<Record<string, string | undefined>>) => Promise<boolean>>> =
  {
    checkpoints,
    ranks,
  };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: "string" },
    contests: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    kind: { type: "string" },
    n: { type: "string" },
    browser: { type: "string" },
    ranks: { type: "string" },
  },
});
const campaign = CAMPAIGNS[positionals[0] ?? ""];
if (campaign) process.exitCode = (await campaign(values)) ? 0 : 1;
else {
  console.error(`faults: "${positionals[0] ?? ""}" is no campaign; there are ${Object.keys(CAMPAIGNS).join(", ")}`);
  process.exitCode = 2;
}
