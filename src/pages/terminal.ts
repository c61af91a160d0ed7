/** A run that the terminal asks this page for: `handloom train --runtime chromium`. */
import type { StartOptions, TerminalRequest } from "../ranks/api";
import type { TrainEvent } from "../train/events";
import type { ConfigText } from "./train/setup";

declare global {
  /** Set by the terminal when the page is to train what it asks for; resolves to a `TerminalRequest` as JSON. */
  var handloomRequest: (() => Promise<string>) | undefined;
  /** For the terminal's Ctrl-C: ends the run after the step at hand, with a checkpoint. */
  var handloomStop: (() => Promise<void>) | undefined;
}

/** The request as a run's options. Throws the configuration's problems. */
export function startOptions({ configYaml, ...rest }: TerminalRequest, configText: ConfigText): StartOptions {
  const { config, problems } = configText.read(configYaml);
  if (config === undefined) throw new Error(problems.join(" "));
  return { ...rest, config };
}

/** What is told to a terminal that asked for the run: every event but samples and evidence, which it could not show. */
export const eventMessages = (event: TrainEvent): object[] =>
  event.type === "sample" || event.type === "evidence" ? [] : [{ type: "event", event }];
