import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { descendantsCpuSeconds, parseStat } from "../../src/cli/process-cpu";

describe("CPU time of descendants", () => {
  it("is read behind a name that holds parentheses", () => {
    const fields = "S 42 1 1 0 -1 4194560 9 9 9 9 250 50 700 700 20 0 3 0 12345";
    expect(parseStat(`77 (Web (Content) x) ${fields}`)).toEqual({ parent: 42, seconds: 3 });
  });

  it.runIf(process.platform === "linux")("counts a child that works, not this process", async () => {
    const before = descendantsCpuSeconds(process.pid)!;
    const work = "const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end);";
    const script = `${work} console.log("done"); setInterval(() => 0, 1000);`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect(descendantsCpuSeconds(process.pid)! - before).toBeGreaterThanOrEqual(0.19);
    expect(descendantsCpuSeconds(child.pid!)).toBe(0);
    child.kill();
    await once(child, "close");
  });
});
