/**
 * A file, frame or data set that cannot be used. The message is one sentence for a person: which file or frame, what was
 * found, what was expected. `reason` is the short text under which an import counts such frames.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly reason: string;

  constructor(message: string, reason = "unreadable") {
    super(message);
    this.reason = reason;
  }
}

/** The text of anything that was thrown, for the end of a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
