import { expect, test } from "vitest";
import { cropRecord } from "../../src/data/crop";
import { defaultThreads, NO_THREADS, type SampleThread, samplePool, type ThreadHost } from "../../src/data/sample-pool";
import { answerJob, type SampleAnswer, type SampleJob } from "../../src/data/sample-thread";
import { testFrame } from "./helpers";

/** Threads that answer when they are told to; every job and every end is noted. */
class HandHost implements ThreadHost {
  readonly cores = 4;
  readonly jobs: { thread: string; job: SampleJob; answer: () => void }[] = [];
  readonly ended: string[] = [];
  readonly die = new Map<string, (why: string) => void>();

  start(name: string): SampleThread {
    return {
      make: (job) =>
        new Promise<SampleAnswer>((resolve) => {
          this.jobs.push({ thread: name, job, answer: () => resolve(answerJob(job)) });
        }),
      onEnd: (listener) => void this.die.set(name, listener),
      terminate: () => void this.ended.push(name),
    };
  }
}

const options = { size: 16, width: 12, seed: 3 };
const jobOf = (index: number): SampleJob => ({
  record: cropRecord(testFrame(index), { size: 16 }),
  options,
  epoch: 0,
});

test("the machine decides: all processors but one, at most four", () => {
  expect([1, 2, 4, 5, 64].map(defaultThreads)).toEqual([0, 1, 3, 4, 4]);
});

test("no thread is started before the first sample, and every one ends with the pool", async () => {
  const host = new HandHost();
  const pool = samplePool(host, 3);
  expect(host.die.size).toBe(0);
  const made = pool.make(jobOf(0));
  expect([...host.die.keys()]).toEqual(["samples 1 of 3", "samples 2 of 3", "samples 3 of 3"]);
  host.jobs[0].answer();
  expect((await made).id).toBe(testFrame(0).id);
  pool.end();
  expect(host.ended).toEqual([...host.die.keys()]);
});

test("jobs go to the thread with the fewest, eight at most, the others when one is answered", async () => {
  const host = new HandHost();
  const pool = samplePool(host, 2);
  const made = Array.from({ length: 20 }, () => pool.make(jobOf(0)));
  const count = (thread: number) => host.jobs.filter((each) => each.thread === `samples ${thread} of 2`).length;
  expect([count(1), count(2)]).toEqual([8, 8]);
  host.jobs[1].answer();
  await made[1];
  expect([count(1), count(2)]).toEqual([8, 9]);
  // Answered as they come, each job once.
  for (let i = 0; i < 20; i++) {
    host.jobs[i].answer();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await Promise.all(made);
  expect(host.jobs).toHaveLength(20);
  pool.end();
});

test("one death ends all threads and rejects every job, a late answer changes nothing", async () => {
  const host = new HandHost();
  const pool = samplePool(host, 2);
  const made = [0, 1, 2].map((i) => pool.make(jobOf(i)));
  const all = Promise.allSettled(made);
  host.die.get("samples 2 of 2")?.("the system took its memory");
  host.jobs[0].answer();
  host.die.get("samples 1 of 2")?.("also");
  const sentence = `sample thread 2 of 2 ended while it made sample "${testFrame(1).id}": the system took its memory; resume`;
  for (const each of await all) {
    expect(each).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining(sentence) } });
  }
  expect(host.ended).toHaveLength(2);
  await expect(pool.make(jobOf(0))).rejects.toThrow(sentence);
});

test("a thread is silent only when it leaves every job alone for the whole time", async () => {
  const host = new HandHost();
  const pool = samplePool(host, 1, 200);
  const made = [0, 1, 2].map((i) => pool.make(jobOf(i)));
  const all = Promise.allSettled(made);
  host.jobs[0].answer();
  const ends = await all;
  expect(ends[0].status).toBe("fulfilled");
  expect(ends[1]).toMatchObject({ reason: { message: expect.stringContaining("no answer for 0.2 s") } });
  pool.end();
});

test("a program without threads says so unless none is asked for", async () => {
  await expect(samplePool(NO_THREADS, 2).make(jobOf(0))).rejects.toThrow("no threads to make samples in");
  expect((await samplePool(NO_THREADS, 0).make(jobOf(0))).id).toBe(testFrame(0).id);
});
