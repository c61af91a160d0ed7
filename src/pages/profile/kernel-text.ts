/** Indices of the lines of an entry point, with its attributes; the whole text where it is not found. */
export function entryLines(
  lines: readonly string[],
  entryPoint: string,
): { readonly first: number; readonly last: number } {
  const name = new RegExp(`\\bfn\\s+${entryPoint}\\s*\\(`);
  const at = lines.findIndex((line) => name.test(line));
  if (at < 0) return { first: 0, last: lines.length - 1 };
  let first = at;
  while (first > 0 && lines[first - 1].trimStart().startsWith("@")) first--;
  let last = at;
  while (last < lines.length - 1 && !lines[last].startsWith("}")) last++;
  return { first, last };
}
