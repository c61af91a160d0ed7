/**
 * Entry of `npm test`: finds or installs a browser, runs vitest in Node and in Chromium, then the checks in Firefox.
 * The last line of the output is `N passed, N failed`; the exit code is 1 when anything failed or no test was run.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { launchBrowser } from "./browser";
import { requestNodeGpu } from "./dawn";
import { type Check, checkFirefox } from "./firefox-check";
import { projectRoot, say, temporaryFolder } from "./host";
import { type Counts, countReport, type Report } from "./test-report";

const HELP = `npm test [-- options] [files]: run the tests

  --checks        also the type check and the linter, counted as tests
  --firefox       only the checks in Firefox
  --no-firefox    without the checks in Firefox
  --help          this text
  everything else goes to vitest, for example: --project node tests/ops/gelu.test.ts; Firefox is left out then
`;

/** Runs a program with our terminal; its output on stdout, so that the summary comes last. */
function runVisible(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: projectRoot(), stdio: ["ignore", "inherit", 1] });
    child.on("error", () => resolve(127));
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

async function runVitest(args: readonly string[]): Promise<Counts> {
  const temporary = temporaryFolder("vitest");
  const output = join(temporary.path, "report.json");
  try {
    const vitest = join(projectRoot(), "node_modules/vitest/vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
    const exitCode = await runVisible(process.execPath, [vitest, "run", ...reporters, ...args]);
    let report: Report;
    try {
      report = JSON.parse(readFileSync(output, "utf8"));
    } catch {
      process.stdout.write(`vitest ended with code ${exitCode} and without a report\n`);
      return { passed: 0, failed: 1 };
    }
    const skipped = report.numPendingTests + report.numTodoTests;
    if (skipped > 0) process.stdout.write(`${skipped} tests were skipped or not selected\n`);
    return countReport(report, exitCode);
  } finally {
    temporary.remove();
  }
}

/** Chooses the browser, its flags and the Vulkan driver once, for all test processes. */
async function prepareEnvironment(): Promise<void> {
  const browser = await launchBrowser({ kind: "chromium", headless: true });
  process.env.HANDLOOM_BROWSER = browser.executable;
  process.env.HANDLOOM_BROWSER_ARGS = browser.args.join(" ");
  await browser.close();
  const gpu = await requestNodeGpu();
  const info = (await gpu.requestAdapter())?.info;
  say(
    `tests run in Chromium ${browser.version} (${browser.adapter}) and in Node on Dawn (${info?.vendor} ${info?.architecture})`,
  );
}

async function runPrograms(): Promise<Check[]> {
  const root = projectRoot();
  const programs: [string, string, string[]][] = [
    ["type check", "node_modules/typescript/bin/tsc", ["--noEmit", "-p", "."]],
    ["linter and format", "node_modules/@biomejs/biome/bin/biome", ["ci", "."]],
    ["dead code", "node_modules/knip/bin/knip.js", ["--no-progress"]],
  ];
  const checks: Check[] = [];
  for (const [name, script, args] of programs) {
    const code = await runVisible(process.execPath, [join(root, script), ...args]);
    checks.push({ name, error: code === 0 ? undefined : `ended with code ${code}` });
  }
  return checks;
}

function count(checks: readonly Check[], counts: Counts): void {
  for (const { name, error } of checks) {
    process.stdout.write(error === undefined ? `passed  ${name}\n` : `FAILED  ${name}: ${error}\n`);
    counts[error === undefined ? "passed" : "failed"]++;
  }
}

async function main(args: readonly string[]): Promise<Counts> {
  const own = ["--checks", "--firefox", "--no-firefox"];
  const vitestArgs = args.filter((arg) => !own.includes(arg));
  const onlyFirefox = args.includes("--firefox");
  const total: Counts = { passed: 0, failed: 0 };
  try {
    if (args.includes("--checks")) count(await runPrograms(), total);
    if (!onlyFirefox) {
      await prepareEnvironment();
      const counts = await runVitest(vitestArgs);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
    const withFirefox = onlyFirefox || (vitestArgs.length === 0 && !args.includes("--no-firefox"));
    if (withFirefox) count(await checkFirefox((line) => process.stdout.write(`${line}\n`)), total);
  } catch (error) {
    process.stdout.write(`FAILED  ${error instanceof Error ? error.message : String(error)}\n`);
    total.failed++;
  }
  return total;
}

const args = process.argv.slice(2);
if (args.includes("--help")) process.stdout.write(HELP);
else {
  const { passed, failed } = await main(args);
  if (passed + failed === 0) process.stdout.write("no test was run\n");
  const code = failed > 0 || passed === 0 ? 1 : 0;
  process.stdout.write(`${passed} passed, ${failed} failed\n`, () => process.exit(code));
}
