/** Entries of docs/findings.md, for people who cannot open the file; comes with its own chunk. */
import text from "../../../docs/findings.md?raw";

/** Paragraphs of the entry `id`, without pictures and marks; undefined when there is none. */
export function explain(id: string): readonly { readonly head: string; readonly text: string }[] | undefined {
  const start = text.indexOf(`\n### ${id}\n`);
  if (start < 0) return undefined;
  const [, ...lines] = text.slice(start + 1).split("\n");
  const end = lines.findIndex((line) => /^#{2,3} /.test(line));
  const body = lines.slice(0, end < 0 ? lines.length : end).join("\n");
  return body
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== "" && !paragraph.startsWith("!["))
    .map((paragraph) => {
      const [, head = "", rest] = /^\*([^*]+)\.\*\s+([\s\S]*)$/.exec(paragraph) ?? [undefined, "", paragraph];
      return { head, text: plain(rest) };
    });
}

const plain = (markdown: string): string =>
  markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\*\*|`/g, "")
    .replace(/\s*\n\s*/g, " ");
