import { describe, expect, test } from "vitest";
import { DataError } from "../../src/data/data-error";
import { fuzz, newOutcome, tryFile } from "./fuzz";
import { HOSTILE } from "./hostile";
import { TARGETS, type Target, targetNamed } from "./targets";

/** The share of each format's whole run; `npm run fuzz` runs all of it. */
const SHARE = 0.03;
const SEED = 1;

describe("hostile files", () => {
  test.each(HOSTILE)("$format: $name", async ({ format, make, refusal }) => {
    const target = targetNamed(format);
    const file = make();
    const outcome = newOutcome(target, 0);
    await tryFile(target, file, 0, outcome);
    expect(outcome.failures).toEqual([]);
    const reading = Promise.resolve(file).then((bytes) => target.read(bytes));
    if (refusal === undefined) await reading;
    else await expect(reading).rejects.toThrow(refusal);
  });
});

test.each(TARGETS.map((target) => [target.name, target] as const))(
  "a share of the damaged files: %s",
  async (_, target) => {
    const outcome = await fuzz(target, { seed: SEED, to: Math.round(SHARE * target.runs) });
    expect(outcome.failures).toEqual([]);
    expect(outcome.runs).toBe(Math.round(SHARE * target.runs));
    // Damage that everything refuses, or nothing, tries no reader.
    expect(outcome.accepted).toBeGreaterThan(0.002 * outcome.runs);
    expect(outcome.accepted).toBeLessThan(0.9 * outcome.runs);
  },
);

describe("what fuzzing would find", () => {
  const broken = (read: (file: Uint8Array) => unknown): Target => ({ ...targetNamed("json"), read });
  const kindsOf = async (read: (file: Uint8Array) => unknown): Promise<string[]> => {
    const outcome = await fuzz(broken(read), { seed: SEED, to: 128 });
    return [...new Set(outcome.failures.map(({ kind }) => kind))];
  };

  test("an error that is not typed", async () => {
    expect(await kindsOf((file) => (file.length % 7 === 0 ? (undefined as unknown as string).length : 0))).toEqual([
      "untyped error",
    ]);
  });

  test("a rejection that is not typed", async () => {
    expect(await kindsOf(async () => Promise.reject(new RangeError("x.file")))).toEqual(["untyped error"]);
  });

  test("a sentence that says nothing", async () => {
    const unclear = [
      "x.file: Cannot read properties of undefined (reading 'push')",
      "no file is named",
      "x.file: [object Object]",
    ];
    for (const message of unclear) {
      expect(
        await kindsOf(() => {
          throw new DataError(message);
        }),
      ).toEqual(["unclear error"]);
    }
  });

  test("a touched prototype", async () => {
    const kinds = await kindsOf(() => Object.assign(Object.prototype, { polluted: 1 }));
    delete (Object.prototype as { polluted?: number }).polluted;
    expect(kinds).toEqual(["prototype"]);
  });

  test("a reader that is slow each time", async () => {
    const spin = (): void => {
      const start = process.cpuUsage();
      while (process.cpuUsage(start).user < 300_000);
    };
    const outcome = newOutcome(broken(spin), 0);
    await tryFile(broken(spin), new Uint8Array(1), 0, outcome);
    expect(outcome.failures.map(({ kind }) => kind)).toEqual(["slow"]);
  });

  test("memory that is kept", async () => {
    const kept: Uint8Array[] = [];
    const outcome = newOutcome(
      broken(() => 0),
      0,
    );
    kept.push(new Uint8Array(600 << 20).fill(1));
    for (let i = 0; i < 512; i++)
      await tryFile(
        broken(() => 0),
        new Uint8Array(1),
        i,
        outcome,
      );
    expect(kept).toHaveLength(1);
    expect(outcome.failures.map(({ kind }) => kind)).toEqual(["memory"]);
  });
});

test("control characters of a file never reach a message", () => {
  expect(new DataError("x: \u001b[2J\u202e\n").message).toBe("x: ?[2J??");
  expect(new DataError("a".repeat(5000)).message).toHaveLength(604);
});
