import type { Finding } from "../finding";
import { found, sinceOf } from "../log/hand";
import { type LogRun, remarkOf } from "../log/types";
import type { LogCheck } from "./log-check";

/** What the log's own words say at its start and end: weights that were not loaded, files that are missing, a run that died. */
export const remarks: LogCheck = (run) => [...notPretrained(run), ...missingFiles(run), ...died(run)];

function notPretrained(run: LogRun): Finding[] {
  const random = remarkOf(run, "not-pretrained");
  const loaded = remarkOf(run, "loaded");
  const tensors = run.facts.loaded_tensors;
  const isEmpty = loaded !== undefined && run.kind === "original" && (tensors === undefined || tensors === 0);
  if (!random && !isEmpty) return [];
  const at = random ?? loaded!;
  return [
    found({
      id: "not-pretrained",
      severity: "serious",
      certainty: random ? "certain" : "likely",
      title: "The backbone starts at random",
      sentence: random
        ? `The log says "${random.text}": no pretrained weights.`
        : `"${loaded!.text}", but no line says how many tensors of the backbone were loaded: none matched.`,
      evidence: [{ what: "tensors of the backbone that were loaded", found: tensors ?? 0, expected: "388 of ViT-H" }],
      causes: [
        "the file is not there, or its keys have a prefix (backbone.) that nothing strips (train.py:213-283)",
        "the success line is printed whatever was loaded (train.py:275)",
      ],
      remedy: "Fail unless 95 % of the expected tensors match.",
      since: sinceOf(at),
    }),
  ];
}

function missingFiles(run: LogRun): Finding[] {
  const remark = remarkOf(run, "not-found");
  if (!remark || remarkOf(run, "not-pretrained")?.line === remark.line) return [];
  return [
    found({
      id: "files-missing",
      severity: remark.count > 10 ? "warning" : "note",
      certainty: "certain",
      title: "Files could not be read",
      sentence: `${remark.count} lines say that something is missing, the first: "${remark.text}". The original skips such frames in silence.`,
      evidence: [{ what: "lines about missing files", found: remark.count, expected: "0" }],
      causes: ["an incomplete download, or another root_dir"],
      remedy:
        "Count what was kept: HO-3D v3 has 83,325 training frames. Here `handloom import --data DIR` lists what is dropped and why.",
      since: sinceOf(remark),
    }),
  ];
}

function died(run: LogRun): Finding[] {
  const remark = remarkOf(run, "out-of-memory") ?? remarkOf(run, "traceback");
  if (!remark) return [];
  const isMemory = remark.kind === "out-of-memory";
  return [
    found({
      id: isMemory ? "out-of-memory" : "run-failed",
      severity: "warning",
      certainty: "certain",
      title: isMemory ? "The run ran out of memory" : "The run ended with an error",
      sentence: `Line ${remark.line}: "${remark.text}".`,
      evidence: [{ what: "errors", found: remark.count, expected: "0" }],
      causes: [isMemory ? "the batch is too large for the card" : "see the lines that follow it"],
      remedy: isMemory
        ? "A smaller batch; here optim.batch and optim.microBatches."
        : "Read the last line of the traceback.",
      since: sinceOf(remark),
    }),
  ];
}
