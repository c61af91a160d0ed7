/**
 * Kills during checkpoint writes, and contests for a run's lock. A seed fixes what is killed and when, counted from what the
 * writer tells; what the killed process was doing at that microsecond it cannot fix.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "vite";
import { FolderStorage } from "../../../src/cli/folder-storage";
import { temporaryFolder } from "../../../src/cli/host";
import { random } from "../../../src/data/random";
import { type KillKind, TestChromium } from "./chromium";
import type { Scheme } from "./page";
import { type Verdict, verify } from "./workload";

const FOLDER = "tests/faults/checkpoints";

/** Before the first write has told what it takes. */
const GUESSED_WRITE_MS = 100;
/** Kills that may be made for one that hits a write. */
const MOST_TRIES = 4;

/** What a number of kills has done. */
export interface KillCount {
  kills: number;
  /** Kills between the beginning and the acknowledgement of a write. */
  duringWrite: number;
  /** Kills after which a stored checkpoint was not whole. */
  torn: number;
  /** Kills after which an acknowledged checkpoint was not there. */
  lost: number;
  /** Kills after which nothing could be read. */
  unreadable: number;
  /** Checkpoints that were acknowledged. */
  acknowledged: number;
  readonly sentences: string[];
}

const noKills = (): KillCount => ({
  ...{ kills: 0, duringWrite: 0, torn: 0, lost: 0, unreadable: 0, acknowledged: 0 },
  sentences: [],
});

/** What a writer said last, and who waits for the next word. */
class Diary {
  begun = 0;
  /** Acknowledged by this writer or one before it. */
  acknowledged: number;
  #began = 0;
  #heard: (what: string) => void = () => undefined;

  /** `writeMs`: what a write takes, as the last one did. */
  constructor(
    acknowledged: number,
    public writeMs: number,
  ) {
    this.acknowledged = acknowledged;
  }

  readonly hear = (what: string, step: number): void => {
    if (what === "begin") {
      this.begun = step;
      this.#began = performance.now();
    } else {
      this.acknowledged = step;
      this.writeMs = performance.now() - this.#began;
    }
    this.#heard(what);
  };

  get isWriting(): boolean {
    return this.begun > this.acknowledged;
  }

  /** Resolves when the writer says `what` for the `times`-th time from now. */
  next(what: "begin" | "done", times: number): Promise<void> {
    return new Promise((resolve) => {
      let left = times;
      this.#heard = (word) => {
        if (word === what && --left === 0) resolve();
      };
    });
  }
}

/** Waits for the moment of a kill: one of eight right after an acknowledgement, the others somewhere in a write. */
async function moment(diary: Diary, seed: number, id: string): Promise<void> {
  const generator = random(seed, "kill", 0, id);
  const writes = 1 + Math.floor(2 * generator.uniform());
  if (generator.uniform() < 1 / 8) return diary.next("done", writes);
  await diary.next("begin", writes);
  const delayMs = diary.writeMs * generator.uniform();
  await new Promise((resolve) => setTimeout(resolve, delayMs));
}

function judge(
  count: KillCount,
  id: string,
  acknowledged: number,
  wasWriting: boolean,
  verdict: Verdict | string,
): void {
  count.kills++;
  if (wasWriting) count.duringWrite++;
  if (typeof verdict === "string") {
    count.unreadable++;
    count.sentences.push(`${id}: ${verdict}`);
    return;
  }
  const { newest, torn } = verdict;
  if (torn.length > 0) {
    count.torn++;
    count.sentences.push(`${id}: ${torn.join("; ")}`);
  }
  if (newest < acknowledged) {
    count.lost++;
    count.sentences.push(`${id}: step ${acknowledged} was acknowledged, the newest is ${newest}`);
  }
}

/** Kills a part of `chromium` while its page writes checkpoints of 8 MB, until `kills` have hit a write, and looks at what is left each time. */
export async function killPages(
  chromium: TestChromium,
  options: { readonly scheme: Scheme; readonly kind: KillKind; readonly kills: number; readonly seed: number },
  onKill: (count: KillCount) => void = () => undefined,
): Promise<KillCount> {
  const { scheme, kind, kills, seed } = options;
  const origin = `${scheme}-${kind}`;
  const count = noKills();
  let [last, acknowledged, writeMs] = [0, 0, GUESSED_WRITE_MS];
  for (let i = 0; count.duringWrite < kills && i < MOST_TRIES * kills; i++) {
    const diary = new Diary(acknowledged, writeMs);
    const page = await chromium.open(origin);
    const kill = await chromium.armed(kind, page);
    chromium.onTell = diary.hear;
    const come = moment(diary, seed, `${origin}-${i}`);
    await chromium.run(page, "write", { scheme, from: last + 1 });
    await come;
    const { isWriting } = diary;
    await kill();
    chromium.onTell = () => undefined;
    const view = await chromium.open(origin);
    const verdict = await chromium
      .run<Verdict>(view, "verify", scheme)
      .catch((error: Error) => `cannot be read: ${error.message}`);
    await view.close();
    judge(count, `${origin} ${i}`, diary.acknowledged, isWriting, verdict);
    count.acknowledged += Math.max(0, diary.acknowledged - last);
    ({ acknowledged, writeMs } = diary);
    last = Math.max(diary.begun, last);
    onKill(count);
  }
  return count;
}

/** Kills a process while it writes checkpoints into a folder, until `kills` have hit a write. */
export async function killProcesses(kills: number, seed: number): Promise<KillCount> {
  const temporary = temporaryFolder("faults-folder");
  const outDir = join(temporary.path, "writer");
  await build({
    configFile: false,
    logLevel: "error",
    ssr: { noExternal: true },
    build: {
      ssr: `${FOLDER}/writer.ts`,
      outDir,
      target: "node20",
      rollupOptions: { output: { entryFileNames: "writer.mjs" } },
    },
  });
  const run = join(temporary.path, "run");
  const count = noKills();
  let [last, acknowledged, writeMs] = [0, 0, GUESSED_WRITE_MS];
  try {
    for (let i = 0; count.duringWrite < kills && i < MOST_TRIES * kills; i++) {
      const diary = new Diary(acknowledged, writeMs);
      const come = moment(diary, seed, `process-${i}`);
      const child = spawn(process.execPath, [join(outDir, "writer.mjs"), run, `${last + 1}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      createInterface(child.stdout).on("line", (line) => {
        const [what, step] = line.split(" ");
        diary.hear(what, Number(step));
      });
      const closed = new Promise((resolve) => child.once("close", resolve));
      await come;
      const { isWriting } = diary;
      child.kill("SIGKILL");
      await closed;
      const storage = new FolderStorage(run);
      const verdict = await verify(storage).catch((error: Error) => `cannot be read: ${error.message}`);
      judge(count, `process ${i}`, diary.acknowledged, isWriting, verdict);
      count.acknowledged += Math.max(0, diary.acknowledged - last);
      ({ acknowledged, writeMs } = diary);
      last = Math.max(diary.begun, last);
      await storage.recover();
      const left = existsSync(join(run, "checkpoints")) ? readdirSync(join(run, "checkpoints")) : [];
      const strange = left.filter((name) => !/^(step-\d+|last\.json)$/.test(name));
      if (strange.length > 0) count.sentences.push(`process ${i}: left behind ${strange.join(", ")}`);
    }
    return count;
  } finally {
    temporary.remove();
  }
}

/** What contests of two tabs for one run have come to. */
export interface ContestCount {
  contests: number;
  /** Contests with exactly one writer, whose loser got a sentence with the run's name. */
  oneWriter: number;
  /** Milliseconds from the writer's crash to the other tab's writing, one per contest. */
  readonly takeoverMs: number[];
}

/** Two tabs ask for the same run at once; the winner's tab crashes, and the other, which waits, takes over. */
export async function contests(chromium: TestChromium, times: number): Promise<ContestCount> {
  const count: ContestCount = { contests: 0, oneWriter: 0, takeoverMs: [] };
  let [one, two] = [await chromium.open("contest"), await chromium.open("contest")];
  for (let i = 0; i < times; i++) {
    const run = `contest ${i}`;
    const answers = await Promise.all([one, two].map((page) => chromium.run<true | string>(page, "lock", run)));
    const sentence = answers.find((answer) => answer !== true);
    count.contests++;
    const isFair = answers.filter((answer) => answer === true).length === 1;
    if (isFair && String(sentence).startsWith(`the run "${run}" is being written by another tab`)) count.oneWriter++;
    if (!isFair) continue;
    const [winner, loser] = answers[0] === true ? [one, two] : [two, one];
    const crash = await chromium.armed("tab", winner);
    const taken = chromium.run<number>(loser, "waitForLock", run);
    // Asked and answered behind the wait: it stands in the queue by now.
    if (!(await chromium.run<boolean>(loser, "isLocked", run))) throw new Error(`${run}: nobody holds the lock`);
    const crashed = Date.now();
    await crash();
    count.takeoverMs.push((await taken) - crashed);
    await chromium.run(loser, "release");
    [one, two] = [loser, await chromium.open("contest")];
  }
  await Promise.all([one.close(), two.close()]);
  return count;
}

/** The page of both campaigns. */
export const startChromium = (): Promise<TestChromium> => TestChromium.start(`${FOLDER}/page.ts`);
