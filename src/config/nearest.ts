/** The candidate with the smallest edit distance (Levenshtein 1966), ignoring case, `_` and `-`; the first of equals. */
export function nearest(word: string, candidates: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replace(/[_-]/g, "").slice(0, 64);
  const distances = candidates.map((candidate) => editDistance(plain(word), plain(candidate)));
  return candidates[distances.indexOf(Math.min(...distances))];
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
