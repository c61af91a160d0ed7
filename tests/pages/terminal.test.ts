import { describe, expect, it } from "vitest";
import { parsePageMessage } from "../../src/cli/run-in-browser";
import { PRESETS, writeConfig } from "../../src/config";
import { eventMessages, startOptions } from "../../src/pages/terminal";
import { configText } from "../../src/pages/train/config-text";
import type { TerminalRequest } from "../../src/ranks/api";
import type { TrainEvent } from "../../src/train/events";
import { sampleView, stepRecord } from "../helpers/scripted-rank";

const request: TerminalRequest = {
  name: "a",
  configYaml: writeConfig(PRESETS.tiny()),
  data: { kind: "http", url: "/data/", name: "HO3D_v3" },
  hand: { kind: "openhand" },
  storage: { kind: "http", url: "/run/", place: "runs/a" },
  debug: ["loss"],
};

describe("a run that the terminal asks for", () => {
  it("has the terminal's configuration and choices, also after the way through JSON", () => {
    const { configYaml: _, ...choices } = request;
    const options = startOptions(JSON.parse(JSON.stringify(request)), configText);
    expect(options).toEqual({ ...choices, config: PRESETS.tiny() });
  });

  it("is refused with the configuration's problem", () => {
    const broken = { ...request, configYaml: "preset: tiny\noptim: { batchSize: 4 }\n" };
    expect(() => startOptions(broken, configText)).toThrow('did you mean "batch"?');
  });

  it("tells the terminal every event but the samples", () => {
    const step: TrainEvent = { type: "step", record: stepRecord(3) };
    const [message] = eventMessages(step);
    expect(parsePageMessage(JSON.stringify(message))).toEqual({ type: "event", event: step });
    expect(eventMessages({ type: "sample", view: sampleView("train", 0, 3) })).toEqual([]);
    expect(() => parsePageMessage({ type: "event" })).toThrow("no known message");
  });
});
