import { complaint, FIELDS } from "./fields";
import { expandQuirks } from "./quirks";
import type { Config } from "./types";

/** The value at a path of FIELDS. */
export function valueAt(config: object, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config);
}

/** What keeps `config` from being run, one sentence each; empty when nothing does. */
export function validate(config: Config): string[] {
  const problems: string[] = [];
  for (const [path, field] of FIELDS) {
    const text = complaint(field, valueAt(config, path));
    if (text !== undefined) problems.push(`${path} ${text}`);
  }
  problems.push(...expandQuirks(config.quirks, config.model.jointRep).problems);
  if (problems.length > 0) return problems;

  const { model, optim, run, quirks } = config;
  const { height, width, patch, dim, heads } = model;
  if (height % patch !== 0) problems.push(`height ${height} is not divisible by patch ${patch}`);
  if (width % patch !== 0) problems.push(`width ${width} is not divisible by patch ${patch}`);
  if (width > height) problems.push(`width ${width} exceeds height ${height}, the side of the square crop`);
  if (dim % heads !== 0) problems.push(`width ${dim} is not divisible by ${heads} heads`);
  else if ((dim / heads) % 4 !== 0)
    problems.push(`width ${dim} over ${heads} heads is ${dim / heads}, not a multiple of 4`);
  if (dim % 2 !== 0) problems.push(`width ${dim} is odd; the feature maps have half of it`);
  const { batch, microBatches = 1 } = optim;
  if (!Number.isInteger(Math.log2(microBatches)) || batch % microBatches !== 0)
    problems.push(
      `optim.microBatches is ${microBatches} with optim.batch ${batch}, expected a power of two that divides the batch`,
    );
  if (run.steps !== undefined && optim.warmupSteps >= run.steps)
    problems.push(`warm-up of ${optim.warmupSteps} steps does not end in a run of ${run.steps} steps`);
  if (quirks.includes("aux-axis-angle") && model.jointRep !== "aa")
    problems.push("quirk aux-axis-angle compares axis-angle vectors and needs model.jointRep aa");
  return problems;
}
