/** A small chart as SVG, readable on light and dark pages. */

export interface Axis {
  readonly label: string;
  readonly range: readonly [number, number];
  /** Powers of ten between the ends of the range. */
  readonly isLog?: boolean;
  /** Names of the places 0, 1, 2, ... in place of numbers. */
  readonly names?: readonly string[];
  /** Values with a number; five even ones when undefined. */
  readonly ticks?: readonly number[];
}

type Point = readonly [x: number, y: number];

export interface Marks {
  readonly name: string;
  /** Blue is as it should be, red is the symptom, grey is where something was before. */
  readonly tone: "healthy" | "faulty" | "grey";
  readonly kind: "dots" | "line" | "bars" | "arrows";
  /** Bars stand on the axis; arrows go from each even point to the next. */
  readonly points: readonly Point[];
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Marks[];
}

const [WIDTH, HEIGHT] = [640, 280];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 52, 44];

const STYLE = `svg{font:12px system-ui,sans-serif;--paper:#fff;--ink:#24292f;--soft:#6e7781;--line:#d0d7de;--healthy:#0969da;--faulty:#cf222e;--grey:#8c959f}
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#8b949e;--line:#30363d;--healthy:#58a6ff;--faulty:#ff7b72;--grey:#6e7681}}
text{fill:var(--ink)}.s{fill:var(--soft)}.g{stroke:var(--line)}
.healthy{fill:var(--healthy);stroke:var(--healthy)}.faulty{fill:var(--faulty);stroke:var(--faulty)}.grey{fill:var(--grey);stroke:var(--grey)}
.line{fill:none;stroke-width:2}.dots{stroke:none;fill-opacity:.75}.bars{stroke:none}`;

const short = (value: number): string => String(Math.round(10 * value) / 10);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const numberText = (value: number): string =>
  value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(0).replace("e+", "e")
    : String(Number(value.toPrecision(3)));

/** From a value to 0 at the lower end of the range and 1 at the upper. Below the end of a logarithmic range is 0. */
function placeOn({ range: [low, high], isLog }: Axis, value: number): number {
  if (!isLog) return (value - low) / (high - low);
  return value <= low ? 0 : Math.log(value / low) / Math.log(high / low);
}

function ticksOf({ range: [low, high], isLog, names, ticks }: Axis): number[] {
  if (names) return names.map((_, i) => i);
  if (ticks) return [...ticks];
  if (!isLog) return Array.from({ length: 5 }, (_, i) => low + (i * (high - low)) / 4);
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first) / 6));
  return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (first + i * every));
}

/** The chart as a file's text. */
export function drawChart({ title, x, y, marks }: Chart): string {
  const px = (value: number): number => LEFT + placeOn(x, value) * (WIDTH - LEFT - RIGHT);
  const py = (value: number): number => HEIGHT - BOTTOM - placeOn(y, value) * (HEIGHT - TOP - BOTTOM);
  const base = HEIGHT - BOTTOM;
  const parts = [
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="var(--paper)"/>`,
    `<text x="${LEFT}" y="20" font-weight="600">${escaped(title)}</text>`,
    ...legend(marks),
    ...ticksOf(y).flatMap((value) => [
      `<path class="g" d="M${LEFT} ${short(py(value))}H${WIDTH - RIGHT}"/>`,
      `<text class="s" x="${LEFT - 6}" y="${short(py(value) + 4)}" text-anchor="end">${escaped(y.names?.[value] ?? numberText(value))}</text>`,
    ]),
    ...ticksOf(x).map(
      (value) =>
        `<text class="s" x="${short(px(value))}" y="${base + 16}" text-anchor="middle">${escaped(x.names?.[value] ?? numberText(value))}</text>`,
    ),
    `<path class="g" d="M${LEFT} ${base}H${WIDTH - RIGHT}"/>`,
    `<text class="s" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x.label)}</text>`,
    `<text class="s" transform="translate(14 ${(TOP + base) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
    ...marks.map((each, i) => drawMarks(each, { px, py, base, barOf: barPlace(marks, i) })),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img"><title>${escaped(title)}</title><style>${STYLE}</style>\n${parts.join("\n")}\n</svg>\n`;
}

function legend(marks: readonly Marks[]): string[] {
  let at = LEFT;
  return marks.map(({ name, tone }) => {
    const text = `<circle class="${tone}" cx="${at + 4}" cy="36" r="4"/><text x="${at + 13}" y="40">${escaped(name)}</text>`;
    at += 30 + 6.3 * name.length;
    return text;
  });
}

/** Bars of several series stand side by side: offset and width in pixels. */
function barPlace(marks: readonly Marks[], index: number): { readonly offset: number; readonly width: number } {
  const series = marks.filter(({ kind }) => kind === "bars");
  const most = Math.max(1, ...series.map(({ points }) => points.length));
  const width = Math.min(28, (0.8 * (WIDTH - LEFT - RIGHT)) / (most * Math.max(1, series.length)));
  const place = series.indexOf(marks[index]);
  return { offset: (place - series.length / 2) * width, width: 0.9 * width };
}

interface Plane {
  readonly px: (value: number) => number;
  readonly py: (value: number) => number;
  readonly base: number;
  readonly barOf: { readonly offset: number; readonly width: number };
}

function drawMarks({ kind, tone, points }: Marks, { px, py, base, barOf }: Plane): string {
  const at = points.map(([a, b]) => [px(a), py(b)] as const);
  switch (kind) {
    case "line":
      return `<path class="${tone} line" d="M${at.map(([a, b]) => `${short(a)} ${short(b)}`).join("L")}"/>`;
    case "dots":
      return `<g class="${tone} dots">${at.map(([a, b]) => `<circle cx="${short(a)}" cy="${short(b)}" r="3"/>`).join("")}</g>`;
    case "bars":
      return `<g class="${tone} bars">${at
        .map(([a, b]) => {
          const height = Math.max(1, base - b);
          return `<rect x="${short(a + barOf.offset)}" y="${short(base - height)}" width="${short(barOf.width)}" height="${short(height)}"/>`;
        })
        .join("")}</g>`;
    case "arrows":
      return `<g class="${tone} line">${at
        .flatMap(([a, b], i) => {
          if (i % 2 === 1) return [];
          const [c, d] = at[i + 1];
          return [
            `<path d="M${short(a)} ${short(b)}L${short(c)} ${short(d)}"/><circle cx="${short(c)}" cy="${short(d)}" r="3"/>`,
          ];
        })
        .join("")}</g>`;
  }
}
