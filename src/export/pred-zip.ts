import { Zip, ZipDeflate } from "fflate";
import { type Prediction, predJson } from "./pred-json";

/** Zip knows no dates before; a fixed one makes the same predictions the same bytes. */
const MODIFIED = new Date(1980, 0, 1);

/**
 * HO-3D's submission, pred.zip: pred.json at the top of the archive, as `zip -j pred.zip pred.json` packs it. In pieces; throws as
 * `predJson`.
 */
export function* predZip(predictions: readonly Prediction[]): Generator<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    pieces.push(piece);
  });
  const entry = new ZipDeflate("pred.json", { level: 6 });
  entry.mtime = MODIFIED;
  zip.add(entry);
  const encoder = new TextEncoder();
  for (const text of predJson(predictions)) {
    entry.push(encoder.encode(text));
    yield* pieces.splice(0);
  }
  entry.push(new Uint8Array(0), true);
  zip.end();
  yield* pieces.splice(0);
}
