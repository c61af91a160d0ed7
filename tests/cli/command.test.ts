import { describe, expect, it } from "vitest";
import { defineCommand, helpText, type Options, parseOptions, readInteger } from "../../src/cli/command";

const options = {
  config: { type: "string", value: "FILE|PRESET", help: "configuration", required: true },
  ranks: { type: "string", value: "N", help: "ranks", default: "1" },
  set: { type: "string", value: "KEY=VALUE", help: "one key", multiple: true },
  dry: { type: "boolean", help: "write nothing" },
} as const satisfies Options;

describe("parseOptions", () => {
  it("fills in defaults, empty lists and false", () => {
    expect(parseOptions("train", options, ["--config", "tiny"])).toEqual({
      config: "tiny",
      ranks: "1",
      set: [],
      dry: false,
      json: false,
      help: false,
    });
  });

  it("reads both spellings, repeats and values that look like numbers below zero", () => {
    const values = parseOptions("train", options, [
      "--config=a",
      "--set",
      "x=-1",
      "--set=y=2",
      "--dry",
      "--ranks",
      "-3",
    ]);
    expect(values).toMatchObject({ config: "a", set: ["x=-1", "y=2"], dry: true, ranks: "-3" });
  });

  it.each([
    [["--confg", "a"], "train: unknown option --confg; did you mean --config?"],
    [["--zzzzzzzz"], "train: unknown option --zzzzzzzz; see --help"],
    [["--constructor"], "train: unknown option --constructor; see --help"],
    [["-c"], "train: unknown option -c"],
    [["tiny"], 'train: "tiny" is no option; see train --help'],
    [["--config"], "train: --config expects FILE|PRESET"],
    [["--config", "--dry"], "train: --config expects FILE|PRESET"],
    [["--config", "a", "--dry=no"], 'train: --dry takes no value, found "no"'],
    [[], "train: --config FILE|PRESET must be given"],
  ])("refuses %j", (args, sentence) => {
    expect(() => parseOptions("train", options, args)).toThrow(sentence);
  });

  it("needs no required option for the help", () => {
    expect(parseOptions("train", options, ["--help"])).toMatchObject({ help: true });
  });
});

describe("readInteger", () => {
  it("reads whole numbers within bounds", () => {
    expect(readInteger("ranks", "4", { min: 1, max: 8 })).toBe(4);
  });

  it.each(["", "x", "1.5", "1e3", "0", "9"])("refuses %j", (text) => {
    const sentence = `--ranks is "${text}", expected a whole number of at least 1 and at most 8`;
    expect(() => readInteger("ranks", text, { min: 1, max: 8 })).toThrow(sentence);
  });
});

it("lists every option in the help, the common ones too", () => {
  const text = helpText("train", defineCommand({ summary: "train a model", options, run: async () => undefined }));
  expect(text).toMatch(/^handloom train: train a model\n/);
  expect(text).toContain("--config FILE|PRESET  configuration (required)");
  expect(text).toContain("ranks (default 1)");
  expect(text).toContain("--json");
});
