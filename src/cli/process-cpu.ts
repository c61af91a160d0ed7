import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc a second, the same on every Linux that Node supports. */
const TICKS = 100;

interface Stat {
  readonly parent: number;
  readonly seconds: number;
}

/** Parent and CPU time from a line of /proc/PID/stat; the name in it may hold spaces and parentheses. */
export function parseStat(line: string): Stat {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return { parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS };
}

/**
 * Seconds of CPU time of all living descendants of process `root`, without itself: a browser that it started. In steps of
 * 10 ms a process. Undefined where there is no /proc.
 */
export function descendantsCpuSeconds(root: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stats = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      stats.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // It ended between the two calls.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = stats.get(pid)?.parent;
    return parent !== undefined && parent !== 0 && (parent === root || isBelow(parent));
  };
  return [...stats].reduce((sum, [pid, { seconds }]) => (isBelow(pid) ? sum + seconds : sum), 0);
}
