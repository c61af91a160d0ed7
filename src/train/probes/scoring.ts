/** How the run's own evaluation scores hands whose figures are known. No GPU. */
import { alone, evaluationTables, type GatherGroup, gather, type Predicted } from "../gather";
import type { ScoringEvidence } from "../run-evidence";

/** An odd number, so that two ranks cannot share it evenly. */
const HANDS = 5;
/** The hand that is not a number. */
const BROKEN = 0;
const MOVED_METRES = 0.01;
const JOINTS = 21;

/**
 * Gathers five made-up hands as two ranks would share them: each joint but the wrist is 10 mm off, so that MPJPE is
 * 10 x 20 / 21 mm, and the first hand is NaN. `quirks` are those that the run's evaluations get.
 */
export async function scoringEvidence(
  quirks: ReadonlySet<string>,
  { step, ranks }: { readonly step: number; readonly ranks: number },
): Promise<ScoringEvidence> {
  const ids = Array.from({ length: HANDS }, (_, i) => `known/${i}`);
  const triedRanks = Math.max(2, HANDS % ranks === 0 ? ranks + 1 : ranks);
  // One rank fills all rows: what is counted of them is what is tried.
  const group: GatherGroup = { ...alone(evaluationTables(HANDS)), worldSize: triedRanks };
  const { report } = await gather(hands(ids), ids, knownHand(0), { quirks, group });
  const { value, n } = report.metrics.mpjpe_mm;
  return {
    kind: "scoring",
    ...{ step, triedRanks, ranks, given: HANDS, samples: report.samples, duplicates: report.duplicates },
    ...{ nanGiven: 1, nanReported: report.non_finite, nanScored: n - (report.samples - report.non_finite) },
    expectedMm: (1000 * MOVED_METRES * (JOINTS - 1)) / JOINTS,
    foundMm: value,
  };
}

/** Joints [21, 3] of no particular hand, metres: five rows of four from a wrist. */
function knownHand(moved: number): Float64Array {
  return Float64Array.from({ length: 3 * JOINTS }, (_, i) => {
    const [joint, axis] = [Math.floor(i / 3), i % 3];
    const finger = Math.floor((joint - 1) / 4);
    const place = (joint - 1) % 4;
    const at = joint === 0 ? [0, 0, 0.5] : [0.02 * (finger - 2), 0.04 + 0.03 * place, 0.5 + 0.005 * finger * place];
    return at[axis] + (joint > 0 && axis === 2 ? moved : 0);
  });
}

async function* hands(ids: readonly string[]) {
  for (const [place, id] of ids.entries()) {
    const joints = Float32Array.from(knownHand(MOVED_METRES));
    if (place === BROKEN) joints.fill(Number.NaN);
    const given: Predicted = {
      ...{ id, modality: "RGB", joints, vertices: joints, truthJoints: knownHand(0), truthVertices: undefined },
      terms: {},
    };
    yield { place, given, withoutDepth: undefined };
  }
}
