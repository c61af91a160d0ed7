const LONGEST_MESSAGE = 600;

/**
 * A file, frame or data set that cannot be used. The message is one sentence for a person: which file or frame, what was
 * found, what was expected. `reason` is the short text under which an import counts such frames.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly reason: string;

  constructor(message: string, reason = "unreadable") {
    super(oneLine(message));
    this.reason = reason;
  }
}

/** Names and values in a message come from files: no control character reaches a terminal, no megabyte a page. */
function oneLine(message: string): string {
  const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)} ...` : message;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "?");
}

/** The text of anything that was thrown, for the end of a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
