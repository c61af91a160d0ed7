import { describe, expect, it } from "vitest";
import { PATIENCE_BEATS, Pulse } from "../../src/pages/pulse";

/** A worker that answers when the test says so, and a clock that beats when it does. */
function scene() {
  const answers: (() => void)[] = [];
  let beat: (() => void) | undefined;
  const pulse = new Pulse(
    () => new Promise<void>((resolve) => answers.push(resolve)),
    (given) => {
      beat = given;
      return () => {
        beat = undefined;
      };
    },
  );
  const beats = (count: number): void => {
    for (let i = 0; i < count; i++) beat?.();
  };
  return { pulse, answers, beats, isBeating: () => beat !== undefined };
}

/** Lets what was answered be heard. */
const heard = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

describe("a pulse", () => {
  it("is taken only while a call is under way, one question at a time", async () => {
    const { pulse, answers, beats, isBeating } = scene();
    expect(isBeating()).toBe(false);
    let end: (value: number) => void = () => undefined;
    const call = pulse.during(new Promise<number>((resolve) => (end = resolve)));
    beats(3);
    expect(answers).toHaveLength(1);
    answers[0]();
    await heard();
    beats(1);
    expect(answers).toHaveLength(2);
    end(7);
    expect(await call).toBe(7);
    expect(isBeating()).toBe(false);
  });

  it("is silent after its patience, and is not with the next answer", async () => {
    const { pulse, answers, beats } = scene();
    void pulse.during(new Promise(() => undefined));
    beats(PATIENCE_BEATS);
    expect(pulse.isSilent.value).toBe(false);
    beats(1);
    expect(pulse.isSilent.value).toBe(true);
    answers[0]();
    await heard();
    expect(pulse.isSilent.value).toBe(false);
  });

  it("of another worker does not hear the one before", async () => {
    const { pulse, answers, beats } = scene();
    void pulse.during(new Promise(() => undefined));
    beats(PATIENCE_BEATS + 1);
    pulse.forget();
    expect(pulse.isSilent.value).toBe(false);
    beats(PATIENCE_BEATS);
    answers[0]();
    await heard();
    beats(1);
    expect(pulse.isSilent.value).toBe(true);
  });

  it("ends with a call that is refused", async () => {
    const { pulse, beats, isBeating } = scene();
    let refuse: (error: Error) => void = () => undefined;
    const call = pulse.during(new Promise((_, reject) => (refuse = reject)));
    beats(PATIENCE_BEATS + 1);
    refuse(new Error("no"));
    await expect(call).rejects.toThrow("no");
    expect([pulse.isSilent.value, isBeating()]).toEqual([false, false]);
  });
});
