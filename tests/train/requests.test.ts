import { expect, it } from "vitest";
import { Requests, STOP } from "../../src/train/requests";

it("leave a pause for one step, and are paused again before the next", async () => {
  const requests = new Requests(() => undefined);
  requests.isRunning = true;
  const happened: string[] = [];
  const steps = async (): Promise<void> => {
    for (let step = 1; (requests.take() & STOP) === 0; step++) {
      if (requests.isResting) await requests.rest(() => happened.push("paused"));
      if (requests.isStopping) return;
      happened.push(`step ${step}`);
    }
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  // Nothing is left of what was asked before there was a pause.
  requests.stepOnce();
  requests.pause();
  const ended = steps();
  await settle();
  expect(happened).toEqual(["paused"]);
  requests.stepOnce();
  await settle();
  expect(happened).toEqual(["paused", "step 1", "paused"]);
  requests.stepOnce();
  requests.stepOnce();
  await settle();
  expect(happened.slice(3)).toEqual(["step 2", "paused"]);
  requests.ask(STOP);
  await ended;
  expect(happened).toHaveLength(5);
});
