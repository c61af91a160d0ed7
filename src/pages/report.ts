/** Tells the launcher in the terminal, when there is one, what a run says; `parsePageMessage` reads it there. */
import type { TrainEvent } from "../train/events";

declare global {
  /** Set by the launcher. */
  var handloomReport: ((message: object) => unknown) | undefined;
}

type Send = (message: object) => unknown;

/** A file of a run, by its path inside the run's folder. */
export interface RunFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A multiple of 3, so that the pieces' base64 can be decoded on its own. */
const PIECE_BYTES = 3 << 20;

/** The messages that an event becomes; none for what the terminal has no use for. */
export function messagesOf(event: TrainEvent, totalSteps: number): object[] {
  switch (event.type) {
    case "status": {
      const { text, done, total } = event;
      if (done === undefined || total === undefined) return [{ type: "log", line: text }];
      // A terminal wants a few lines of a count, not each of them.
      const isQuarter = done === total || done % Math.ceil(total / 4) === 0;
      return isQuarter ? [{ type: "log", line: `${text} ${done}/${total}` }] : [];
    }
    case "started":
      return [{ type: "log", line: `${event.run.name}: ${event.run.plan}` }];
    case "log":
      return [{ type: "log", line: event.line }];
    case "step": {
      const { step, losses, ms } = event.record;
      return [{ type: "progress", step, steps: totalSteps, loss: losses.total_loss, ms }];
    }
    case "evaluation":
      return [{ type: "metrics", ...event.record }];
    case "checkpoint":
      return [{ type: "log", line: `checkpoint ${event.name} (${event.sizeBytes} bytes)` }];
    case "error":
      return [{ type: "log", line: event.message }];
    default:
      return [];
  }
}

/** Base64 of `bytes`, piecewise, as `String.fromCharCode` takes a limited number of arguments. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Sends a run's files, large ones in pieces, one at a time so that the browser's pipe is not flooded. */
export async function sendFiles(send: Send, files: readonly RunFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    for (let at = 0; at === 0 || at < bytes.length; at += PIECE_BYTES) {
      const piece = base64(bytes.subarray(at, at + PIECE_BYTES));
      const more = at + PIECE_BYTES < bytes.length;
      await send({ type: "file", name: path, base64: piece, append: at > 0, more });
    }
  }
}
