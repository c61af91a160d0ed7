/** The campaign on checkpoints as a program: all kinds of kills, the control, the contests, and what came of them. */
import { contests, type KillCount, killPages, killProcesses, startChromium } from "./campaign";
import { KILLS } from "./chromium";

/** Kills of the control: enough to see that this campaign would find a torn checkpoint. */
const CONTROL_KILLS = 12;

/** None in n independent trials: with 95 % confidence the rate is below 3 / n. */
const bound = (found: number, trials: number): string =>
  found > 0 || trials === 0 ? `${found}` : `0 (rate below ${(100 * Math.min(1, 3 / trials)).toFixed(1)} %)`;

function line(
  what: string,
  { kills, duringWrite, torn, lost, unreadable, acknowledged, sentences }: KillCount,
): string {
  const counts = `${kills} kills, ${duringWrite} of them during a write, ${acknowledged} checkpoints acknowledged`;
  const found = `torn ${bound(torn, kills)}, acknowledged and lost ${bound(lost, kills)}, unreadable ${bound(unreadable, kills)}`;
  return [`${what}: ${counts}: ${found}`, ...sentences.slice(0, 5).map((sentence) => `  ${sentence}`)].join("\n");
}

const isClean = ({ torn, lost, unreadable, sentences }: KillCount): boolean =>
  torn + lost + unreadable + sentences.length === 0;

/** Runs the campaign and prints its figures; false when a promise was broken or the control did not tear. */
export async function checkpoints(values: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  const seed = Number(values.seed ?? 1);
  const kills = Math.ceil(Number(values.kills ?? 120) / KILLS.length);
  const wanted = (part: string): boolean => values.only === undefined || values.only === part;
  console.log(`checkpoints: seed ${seed}`);
  const chromium = await startChromium();
  let isGood = true;
  const started = performance.now();
  const say = (text: string): void => console.log(`${text} [${((performance.now() - started) / 1000).toFixed(0)} s]`);
  try {
    for (const kind of KILLS) {
      if (!wanted(kind)) continue;
      const count = await killPages(chromium, { scheme: "safe", kind, kills, seed });
      say(line(`Chromium, ${kind} killed`, count));
      isGood &&= isClean(count);
    }
    if (wanted("control")) {
      const count = await killPages(chromium, { scheme: "unsafe", kind: "renderer", kills: CONTROL_KILLS, seed });
      say(line("control: one set for each file", count));
      isGood &&= count.torn > 0;
    }
    if (wanted("process")) {
      const count = await killProcesses(kills, seed);
      say(line("Node, process killed", count));
      isGood &&= isClean(count);
    }
    if (wanted("contests")) {
      const times = Number(values.contests ?? 50);
      const { oneWriter, takeoverMs } = await contests(chromium, times);
      const sorted = takeoverMs.toSorted((a, b) => a - b);
      const [median, worst] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
      const others = `${bound(times - oneWriter, times)} without exactly one writer`;
      say(
        `two tabs: ${oneWriter} of ${times} contests with one writer, ${others}; taken over ${median} ms after a crash (median), ${worst} ms at most`,
      );
      isGood &&= oneWriter === times;
    }
  } finally {
    await chromium.close();
  }
  return isGood;
}
