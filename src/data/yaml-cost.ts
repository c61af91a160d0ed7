/** Looked at before a YAML parser: the one used here takes a second for a line of brackets and half a minute for 60,000 commas. */

const MOST_CHARACTERS = 65_536;
const DEEPEST = 20;
/** Marks and lines that mean something in YAML; a whole configuration or calibration has about 250. */
const MOST_MARKS = 2000;

/** Why a text is too costly to parse, as the rest of a sentence about the file; undefined when it is not. */
export function costOfYaml(text: string): string | undefined {
  if (text.length > MOST_CHARACTERS) return `the file has ${text.length} characters, at most ${MOST_CHARACTERS}`;
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > DEEPEST) return `brackets are nested deeper than ${DEEPEST}`;
  }
  if (/(?:[-?:][ \t]+){20}/.test(text)) return `lists are nested deeper than ${DEEPEST}`;
  if (/^ {80}/m.test(text)) return "a line is indented by more than 80 spaces";
  const marks = text.match(/[,[\]{}&!*?:@%`"'|>\n]|-(?=\s)/g)?.length ?? 0;
  if (marks > MOST_MARKS) return `the file has ${marks} lines, keys, brackets and other marks, at most ${MOST_MARKS}`;
  return undefined;
}
