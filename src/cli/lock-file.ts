/** One holder at a time, among the processes of a machine. */
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { codeOf, orAbsent } from "./whole-file";

/** Who holds a lock: a process of one machine, told from a later one with the same number by its start. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Start of the process in ticks since the machine's; undefined where there is no /proc. */
  readonly start?: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // Field 22; the name in field 2 may have spaces and brackets, so it is counted from the last bracket.
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives and is someone else's.
    if (codeOf(error) !== "EPERM") return false;
  }
  const start = await startOf(holder.pid);
  return start === undefined || holder.start === undefined || start === holder.start;
}

/** What came of asking for a lock. `isHere`: the holder is a process of this machine, and it lives. */
export type LockAttempt =
  | { readonly kind: "taken"; readonly release: () => Promise<void> }
  | { readonly kind: "held"; readonly pid: number; readonly host: string; readonly isHere: boolean }
  | { readonly kind: "unreadable" };

/**
 * A lock file that names its holder. It appears whole or not at all (a hard link), and one whose process is gone is taken over.
 * Nothing here can tell whether a process of another machine still runs: its lock counts as held.
 */
export async function takeLockFile(path: string): Promise<LockAttempt> {
  await mkdir(dirname(path), { recursive: true });
  const start = await startOf(process.pid);
  const self: Holder = { host: hostname(), pid: process.pid, start, token: randomBytes(8).toString("hex") };
  const own = `${path}.${self.token}`;
  await writeFile(own, JSON.stringify(self));
  let holder: Holder | undefined;
  try {
    // Others may take the place of a dead holder as well: whoever does not get it in three tries sees who did.
    for (let tries = 0; tries < 3; tries++) {
      if (await linked(own, path)) return { kind: "taken", release: () => release(path, self.token) };
      const text = await orAbsent(readFile(path, "utf8"));
      if (text === undefined) continue;
      holder = parseHolder(text);
      if (holder === undefined) return { kind: "unreadable" };
      if (holder.host !== self.host || (await isAlive(holder))) break;
      await removeStale(path, text, own);
    }
    const { pid, host } = holder ?? self;
    return { kind: "held", pid, host, isHere: host === self.host };
  } finally {
    await rm(own, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

/** Takes a dead holder's file away. Where another process was quicker and the file is its own by now, it is put back. */
async function removeStale(path: string, expected: string, own: string): Promise<void> {
  const aside = `${own}.stale`;
  if ((await orAbsent(rename(path, aside).then(() => true))) === undefined) return;
  if ((await readFile(aside, "utf8")) !== expected) await linked(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, token: string): Promise<void> {
  const text = await orAbsent(readFile(path, "utf8"));
  if (text !== undefined && (JSON.parse(text) as Holder).token === token) await rm(path, { force: true });
}
