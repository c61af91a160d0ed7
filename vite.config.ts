import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { configDefaults, defineConfig } from "vitest/config";
import { metaPolicy } from "./src/security/policy.ts";

/** Shared memory between ranks needs a cross-origin isolated page. */
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Entry points that run in Node: the terminal, the launcher of `npm start`, the runner of `npm test`, the benchmark, threads of `synthesize`, of the loader and of ranks. */
const nodeEntries = [
  "handloom",
  "start",
  "test",
  "bench",
  "render-worker",
  "sample-worker",
  "decode-worker",
  "rank-worker",
  "evaluate-worker",
];

/** `npm test` finds the browser and its flags; these serve a direct `npx vitest`. */
const testBrowser =
  process.env.HANDLOOM_BROWSER ?? ["/usr/bin/google-chrome", "/usr/bin/chromium"].find((path) => existsSync(path));
const softwareFlags =
  "--use-webgpu-adapter=swiftshader --use-angle=vulkan --use-vulkan=swiftshader --disable-vulkan-surface";
const testBrowserFlags = (
  process.env.HANDLOOM_BROWSER_ARGS ??
  `--no-sandbox --enable-unsafe-webgpu --enable-features=Vulkan ${existsSync("/dev/dri") ? "" : softwareFlags}`
)
  .trim()
  .split(" ");

/** What the pages and their tests import from packages. */
const pageDependencies = [
  ...["preact", "preact/hooks", "preact/jsx-runtime", "preact/jsx-dev-runtime", "@preact/signals"],
  ...["axe-core", "comlink", "fflate", "idb-keyval", "tinykeys", "uplot", "yaml"],
  ...["@zip.js/zip.js/lib/zip-core-custom.js", "fast-png", "jpeg-js", "npyjs", "pickleparser"],
];

/** Gives built pages their policy, for hosts that set no headers. A page of the development server has Vite's inline scripts. */
const policyPlugin = {
  name: "handloom-policy",
  apply: "build",
  transformIndexHtml: (_, { path }) => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: metaPolicy(path) },
      injectTo: "head-prepend",
    },
  ],
} satisfies Plugin;

export default defineConfig(({ mode, isSsrBuild }) => ({
  // A build may be served from any folder of a host.
  base: "./",
  plugins: [policyPlugin],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: "es" as const },
  build:
    mode === "node"
      ? {
          ssr: true,
          outDir: "dist/node",
          target: "node20",
          copyPublicDir: false,
          rollupOptions: {
            input: Object.fromEntries(nodeEntries.map((name) => [name, resolve(`src/cli/${name}.ts`)])),
          },
        }
      : {
          outDir: "dist/web",
          target: "esnext",
          rollupOptions: {
            input: {
              index: resolve("index.html"),
              verify: resolve("verify.html"),
              "service-worker": resolve("src/pages/service-worker.ts"),
            },
            output: {
              // Its place decides what a service worker may serve; programs for Node (`--ssr`) are started by their names.
              entryFileNames: ({ name }) =>
                isSsrBuild || name === "service-worker" ? "[name].js" : "assets/[name]-[hash].js",
            },
          },
        },
  test: {
    projects: [
      {
        extends: true as const,
        test: {
          name: "node",
          // Different numbers of workers need an order; the browser tests come second.
          sequence: { groupOrder: 0 },
          include: ["tests/**/*.test.ts"],
          exclude: [...configDefaults.exclude, "tests/**/*.browser.test.ts"],
          setupFiles: ["tests/helpers/setup-node.ts"],
          pool: "forks" as const,
          maxWorkers: 2,
          // Patience with a machine that others use as well: at rest no test takes a third of it.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true as const,
        // Found only while a test runs, a dependency would reload the page in the middle of it.
        optimizeDeps: { include: pageDependencies },
        test: {
          name: "chromium",
          sequence: { groupOrder: 1 },
          include: ["tests/**/*.browser.test.ts"],
          testTimeout: 300_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: testBrowser,
                args: testBrowserFlags,
              },
            }),
            instances: [{ browser: "chromium" as const }],
          },
        },
      },
    ],
  },
}));
