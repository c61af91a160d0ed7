import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of Handloom's package.json: sources, shaders and `dist/` lie in it. Throws when this file was moved out of it. */
export function projectRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "handloom") return folder;
    if (dirname(folder) === folder)
      throw new Error(`handloom: no package.json above ${fileURLToPath(import.meta.url)}`);
  }
}

/** Whether the process may install system packages. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether a window can be shown; only Linux has machines without. */
export function hasDisplay(): boolean {
  return process.platform !== "linux" || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** Whether the kernel shows a GPU device. Says nothing about its driver: the adapter request decides. */
export function hasGpuDevice(): boolean {
  if (process.platform !== "linux") return true;
  const renderNodes = existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
  return renderNodes || existsSync("/dev/nvidiactl") || existsSync("/dev/dxg");
}

/** First of `names` that is an executable in PATH or in the usual folders; an absolute name stands for itself. */
export function findExecutable(names: readonly string[]): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/snap/bin"];
  for (const name of names) {
    const places = /^([a-z]:)?[\\/]/i.test(name) ? [name] : folders.map((folder) => join(folder, name));
    const found = places.find(isExecutable);
    if (found) return found;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a program and returns its exit code; 124 when it ran past `limitMs`, 127 when it did not start. Quiet unless it
 * fails: then the last lines of its output go to stderr.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, limitMs }: { env?: NodeJS.ProcessEnv; limitMs: number },
): Promise<number> {
  return new Promise((resolve) => {
    let timedOut = false;
    let output = "";
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        output = (output + data).slice(-10_000);
      });
    }
    const timer = setTimeout(() => {
      timedOut = child.kill("SIGKILL");
    }, limitMs);
    const finish = (code: number) => {
      clearTimeout(timer);
      const result = timedOut ? 124 : code;
      if (result !== 0) process.stderr.write(`${output.trimEnd().split("\n").slice(-8).join("\n")}\n`);
      resolve(result);
    };
    child.on("error", () => finish(127));
    child.on("close", (code) => finish(code ?? 1));
  });
}

/** Installs Debian packages when that is possible (apt-get is there, we are root); true when they are installed afterwards. */
export async function aptInstall(...packages: string[]): Promise<boolean> {
  if (!isRoot() || !findExecutable(["apt-get"])) return false;
  say(`installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runProgram("apt-get", ["-qq", "update"], { env, limitMs: 300_000 });
  const install = ["-qq", "-y", "-o", "Dpkg::Use-Pty=0", "install", "--no-install-recommends", ...packages];
  return (await runProgram("apt-get", install, { env, limitMs: 900_000 })) === 0;
}

/** A fresh temporary folder and the function that removes it, with retries because a browser's last process may still write. */
export function temporaryFolder(label: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `handloom-${label}-`));
  const remove = () => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  process.on("exit", remove);
  return { path, remove };
}

/** One line of news for the person at the terminal, on stderr so that stdout carries results only. */
export function say(line: string): void {
  process.stderr.write(`handloom: ${line}\n`);
}
