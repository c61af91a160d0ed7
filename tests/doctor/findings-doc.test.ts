/** docs/findings.md has an entry for each id that a check can return, and none besides. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";

const CHECKS = "src/doctor/checks";
const IMAGES = "docs/images/findings";
const LARGEST_BYTES = 20_000;

const quoted = (text: string): string[] =>
  [...text.matchAll(/"([a-z0-9]+(?:-[a-z0-9]+)+|counts)"/g)].map(([, id]) => id);

/** Ids in a check's source: string literals of what follows `id:`, or of the union type that it has. */
function idsOf(file: string): string[] {
  const source = readFileSync(`${CHECKS}/${file}`, "utf8");
  const written = [...source.matchAll(/\bid: ([^,;\n]+)/g)].flatMap(([, expression]) => quoted(expression));
  const unions = [...source.matchAll(/^type Fault = (.+);$/gm)].flatMap(([, union]) => quoted(union));
  return [...written, ...unions];
}

/** Each check returns findings, but for the helpers. */
const HELPERS = ["data-check.ts", "index.ts", "log-check.ts", "model-check.ts", "model-checks.ts", "run-checks.ts"];
const files = readdirSync(CHECKS).filter((name) => !HELPERS.includes(name));
const ids = new Set(files.flatMap(idsOf));

const text = readFileSync("docs/findings.md", "utf8");
const entries = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf("\n")).trim(), part.slice(part.indexOf("\n"))] as const),
);

describe("docs/findings.md", () => {
  it("is compared with checks that each have an id", () => {
    for (const file of files) expect(idsOf(file), file).not.toEqual([]);
    for (const id of ["joint-order", "loss-3d-impossible", "update-too-small", "lr-restarted", "counts"]) {
      expect(ids).toContain(id);
    }
  });

  it("has an entry for each id", () => {
    expect([...ids].filter((id) => !entries.has(id))).toEqual([]);
  });

  it("has no entry without a check, and none twice", () => {
    expect([...entries.keys()].filter((id) => !ids.has(id))).toEqual([]);
    expect(text.match(/^### /gm)?.length).toBe(entries.size);
  });

  it("is about checks that explain only what another one returns", () => {
    const explained = files.flatMap((file) =>
      [...readFileSync(`${CHECKS}/${file}`, "utf8").matchAll(/\bexplains: \[([^\]]*)\]/g)].flatMap(([, list]) =>
        quoted(list),
      ),
    );
    expect(explained.length).toBeGreaterThan(20);
    expect(explained.filter((id) => !ids.has(id))).toEqual([]);
  });

  it("says severity, and what to do, in each", () => {
    for (const [id, entry] of entries) {
      expect(entry, id).toMatch(/^\n+\*\*/);
      expect(entry, id).toMatch(/\b(fatal|serious|warning|note)\b/i);
      expect(entry.length, id).toBeGreaterThan(120);
    }
  });

  it("links to entries and plots that are there", () => {
    for (const [, id] of text.matchAll(/\]\(#([a-z0-9-]+)\)/g)) {
      if (!SECTIONS.has(id)) expect([...entries.keys()]).toContain(id);
    }
    const shown = [...text.matchAll(/\]\((images\/findings\/[^)]+)\)/g)].map(([, path]) => path);
    for (const path of shown) expect(existsSync(`docs/${path}`), path).toBe(true);
    const drawn = readdirSync(IMAGES);
    expect(shown.map((path) => path.split("/").pop()).sort()).toEqual(drawn.sort());
    for (const name of drawn) {
      expect(statSync(`${IMAGES}/${name}`).size, name).toBeLessThan(LARGEST_BYTES);
      expect(readFileSync(`${IMAGES}/${name}`, "utf8"), name).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/);
    }
  });
});

/** Anchors of the sections, as the contents link to them. */
const SECTIONS = new Set([...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name.toLowerCase().replaceAll(" ", "-")));
