/** Programs of threads, built as `npm run build:node` builds them. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "vite";
import { projectRoot } from "../../src/cli/host";

/** Built programs, until they are removed. */
export interface BuiltPrograms {
  /** The place of a program, by its entry's file name without the ending. */
  path(name: string): string;
  remove(): Promise<void>;
}

/** Builds entries, given from the project's root, into a folder inside it: there threads find their packages and assets. */
export async function buildPrograms(...entries: readonly string[]): Promise<BuiltPrograms> {
  const dist = join(projectRoot(), "dist");
  await mkdir(dist, { recursive: true });
  const outDir = await mkdtemp(join(dist, "test-"));
  await build({
    configFile: false,
    logLevel: "silent",
    build: {
      ssr: true,
      outDir,
      copyPublicDir: false,
      rollupOptions: {
        input: Object.fromEntries(entries.map((entry) => [basename(entry, ".ts"), join(projectRoot(), entry)])),
        output: { entryFileNames: "[name].js" },
      },
    },
  });
  return {
    path: (name) => join(outDir, `${name}.js`),
    remove: () => rm(outDir, { recursive: true, force: true }),
  };
}
