/** Which frames are looked at. */
import { sequenceOf } from "../split";

/** `count` whole numbers below `length`, evenly spread, each once. */
function evenly(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}

/**
 * At most `count` ids that stand for all: each sequence has at least one as long as there are enough, longer sequences have
 * more, and those of one sequence are spread evenly over its time. In the order of `ids`; depends on nothing else.
 */
export function spreadIds(ids: readonly string[], count: number): string[] {
  if (count >= ids.length) return [...ids];
  const groups = new Map<string, number[]>();
  for (const [position, id] of ids.entries()) {
    const sequence = sequenceOf(id);
    const members = groups.get(sequence);
    if (members === undefined) groups.set(sequence, [position]);
    else members.push(position);
  }
  const members = [...groups.values()];
  const chosen =
    members.length >= count
      ? evenly(members.length, count).map((group) => members[group][members[group].length >> 1])
      : members.flatMap((each, group) => evenly(each.length, shares(members, count)[group]).map((i) => each[i]));
  return chosen.sort((a, b) => a - b).map((position) => ids[position]);
}

/** One frame for each group, the rest by their sizes (largest remainder). The sum is `count`. */
function shares(groups: readonly (readonly number[])[], count: number): number[] {
  const spare = groups.reduce((sum, each) => sum + each.length - 1, 0);
  const free = count - groups.length;
  const wanted = groups.map((each) => (spare === 0 ? 0 : (free * (each.length - 1)) / spare));
  const given = wanted.map(Math.floor);
  const byRemainder = wanted.map((_, i) => i).sort((a, b) => wanted[b] - given[b] - (wanted[a] - given[a]) || a - b);
  let left = free - given.reduce((sum, each) => sum + each, 0);
  for (const i of byRemainder)
    if (left > 0 && given[i] + 1 < groups[i].length) [given[i], left] = [given[i] + 1, left - 1];
  return given.map((extra) => extra + 1);
}
