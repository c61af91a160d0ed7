import { expect, test } from "vitest";
import { readCheckpoint } from "../../src/train/checkpoint";
import { utf8 } from "../../src/train/storage";
import { MemoryStorage } from "../helpers/memory-storage";

const STATE = {
  ...{ format: 1, step: 4, optimizerStep: 4, best: null, bestStep: null, saved: [2, 4] },
  ...{ hand: "OpenHand", samples: "digest" },
};

/** Resumes from these files; the network is never reached. */
async function resume(state: string, metrics = ""): Promise<unknown> {
  const storage = new MemoryStorage();
  await storage.write("checkpoints/step-000004/state.json", utf8(state));
  await storage.write("metrics.jsonl", utf8(metrics));
  return readCheckpoint(storage, {} as never, {} as never, { hand: "OpenHand", samples: "digest" });
}

const AGAIN = "delete the folder checkpoints/step-000004 to resume from the checkpoint before";

test.each([
  ["cut off", '{"format": 1, "st', `begins with "{\\"format\\": 1, \\"st", expected a JSON object; ${AGAIN}`],
  ["a list", "[1]", `begins with "[1]", expected a JSON object; ${AGAIN}`],
  ["null", "null", 'begins with "null", expected a JSON object'],
  ["of a later version", JSON.stringify({ ...STATE, format: 2 }), "format 2, this version reads 1"],
  ["without a step", JSON.stringify({ ...STATE, step: undefined }), `"step" is undefined, expected a count; ${AGAIN}`],
  ["with a list of texts", JSON.stringify({ ...STATE, saved: ["2"] }), '"saved" is ["2"], expected a list of counts'],
  ["with a text for a number", JSON.stringify({ ...STATE, best: "12" }), '"best" is "12", expected a number or null'],
  ["with a number for a text", JSON.stringify({ ...STATE, hand: 5 }), '"hand" is 5, expected a text'],
])("a state.json %s is refused in a sentence", async (_, text, expected) => {
  await expect(resume(text)).rejects.toThrow(`checkpoints/step-000004/state.json: ${expected}`);
});

test.each([
  ['{"step": 1}\n{"st\n', 'metrics.jsonl, line 2: begins with "{\\"st", expected a JSON object; delete that line'],
  ["[]\n", 'metrics.jsonl, line 1: begins with "[]"'],
  ['{"step": 1}\n\n{"step": "x"}\n', 'metrics.jsonl, line 3: "step" is "x", expected a count; delete that line'],
])("the metrics %j are refused with the line's number", async (metrics, expected) => {
  await expect(resume(JSON.stringify(STATE), metrics)).rejects.toThrow(expected);
});

test("sound files lead on to the network", async () => {
  await expect(resume(JSON.stringify(STATE), '{"step": 9}\n')).rejects.toThrow("no file checkpoints/step-000004/model");
});
