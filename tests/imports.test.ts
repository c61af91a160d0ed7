/** Holds the direction of imports: what each folder of src may import, and nothing else. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** Folder -> folders (or files) of src that it may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  security: [],
  gpu: [],
  autograd: ["gpu"],
  ops: ["autograd", "gpu"],
  // Initial values come from the one counter-based generator.
  nn: ["autograd", "gpu", "ops", "data/random", "data/math"],
  // The hand model's type and rotations on the host, the type of its own shape; never a file, clock or random source.
  model: ["nn", "ops", "autograd", "data/types", "data/hand/rotations", "config/types"],
  optim: ["nn", "autograd", "gpu", "ops"],
  data: [],
  metrics: ["data/types"],
  config: ["data/quirks", "data/augment", "data/yaml-cost"],
  export: ["data/types", "data/data-error"],
  // The one rule of sums: losses are added on the host as gradients are on the GPU.
  train: ["model", "optim", "data", "metrics", "nn", "autograd", "gpu", "export", "config", "ranks/mean-reduction"],
  bench: ["train", "model", "optim", "nn", "ops", "autograd", "gpu", "data", "config"],
  // Kernels through the ops and the optimiser that train; nothing else is known of training.
  verify: ["optim", "nn", "ops", "autograd", "gpu"],
  ranks: ["train", "doctor", "bench", "model", "data", "gpu", "config", "export", "security"],
  // The schedule that logged rates are compared with.
  doctor: ["train", "data", "metrics", "config", "export/tfevents", "optim/schedule"],
  pages: ["ranks", "verify", "doctor", "export", "train", "config", "data", "metrics", "security"],
  cli: [
    "security",
    "ranks",
    "verify",
    "bench",
    "doctor",
    "export",
    "train",
    "config",
    "data",
    "metrics",
    "model",
    "nn",
    "optim",
    "ops",
    "autograd",
    "gpu",
  ],
};

/** Folders that must run in a page's worker and in Node alike: no Node module, no document. */
const ISOMORPHIC = [
  "gpu",
  "autograd",
  "ops",
  "nn",
  "model",
  "optim",
  "data",
  "metrics",
  "config",
  "export",
  "train",
  "bench",
  "doctor",
  "verify",
];

const SRC = join(process.cwd(), "src");

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return files(path);
    return /\.(ts|tsx)$/.test(name) ? [path] : [];
  });
}

const folderOf = (path: string): string =>
  relative(SRC, path)
    .split("/")[0]
    .replace(/\.tsx?$/, "");

function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)].map((match) => match[1]);
}

/** What `path` imports against the rules, each as a sentence. */
function violations(path: string): string[] {
  const folder = folderOf(path);
  const allowed = ALLOWED[folder];
  if (!allowed) return [`src/${folder} is not in the list of folders`];
  return importsOf(path).flatMap((target) => {
    if (target.startsWith("node:")) {
      return ISOMORPHIC.includes(folder) ? [`src/${relative(SRC, path)} imports ${target}`] : [];
    }
    if (!target.startsWith(".")) return [];
    const to = relative(SRC, normalize(join(dirname(path), target))).replace(/\?.*$/, "");
    if (to.startsWith("..")) return [];
    const inside = to.split("/")[0] === folder;
    const fine = inside || allowed.some((name) => to === name || to.startsWith(`${name}/`));
    return fine
      ? []
      : [`src/${relative(SRC, path)} imports src/${to}; src/${folder} may import ${allowed.join(", ") || "nothing"}`];
  });
}

describe("imports", () => {
  it("point one way", () => {
    expect(files(SRC).flatMap(violations)).toEqual([]);
  });

  it("would be caught pointing the other way", () => {
    expect(ALLOWED.data).not.toContain("train");
    expect(ALLOWED.ops).not.toContain("model");
    expect(ALLOWED.model).not.toContain("train");
  });
});
