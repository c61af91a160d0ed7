/** Icons drawn on a 16-pixel grid, one stroke width, in the colour of the text. */
const PATHS = {
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  step: "M4.5 3.5v9L10.5 8zM12.5 3.5v9",
  fork: "M5 4.2v7.6M5 8h3a3 3 0 0 0 3-3v-.8M5 2.2a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4zM11 2.2a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4zM5 11.4a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4z",
  up: "M4 10.5 8 6l4 4.5",
  down: "M4 6l4 4.5L12 6",
  stop: "M4 4h8v8H4z",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6z",
  help: "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4v.2M8 12v.1",
  close: "M4 4l8 8M12 4l-8 8",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13h10",
  folder: "M2 4.2h4l1.3 1.6H14v6.7H2z",
  hand: "M8 14 4.4 10.6 1.9 7.8M8 14 5.5 7 4.7 3M8 14 8 6.4V2M8 14l2.5-7 .8-4M8 14l4.3-6 1.7-3.2",
  trash: "M3 4.5h10M6.2 4.5V3h3.6v1.5M4.5 4.5l.6 8.7h5.8l.6-8.7",
  undo: "M5.5 3 2.8 5.7l2.7 2.7M2.8 5.7H9a3.8 3.8 0 0 1 0 7.6H6",
  widen: "M2.5 8h11M5 5.5 2.5 8 5 10.5M11 5.5 13.5 8 11 10.5",
  warn: "M8 2.2 14.4 13H1.6zM8 6.5v3M8 11.3v.1",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  plus: "M8 3.2v9.6M3.2 8h9.6",
  info: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 7.2v3.6M8 5v.1",
  fatal: "M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
  check: "M3 8.6 6.4 12 13 4.6",
  minus: "M4 8h8",
  box: "M2.5 5 8 2.2 13.5 5v6L8 13.8 2.5 11zM2.5 5 8 7.8 13.5 5M8 7.8v6",
  clock: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 4.8V8l2.2 1.6",
  cycle: "M13.2 7A5.3 5.3 0 0 0 3.6 5M2.8 9a5.3 5.3 0 0 0 9.6 2M3.2 2.2V5H6M12.8 13.8V11H10",
  star: "M8 2l1.8 3.8 4.1.5-3 2.9.8 4.1L8 11.3l-3.7 2 .8-4.1-3-2.9 4.1-.5z",
  shield: "M8 1.9 13 3.8v4c0 3-2.1 5.2-5 6.3-2.9-1.1-5-3.3-5-6.3v-4z",
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative: the button around it carries the name. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Five threads, crossed by a weft: the mark of the app, in the fingers' colours. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 22 22" width="22" height="22" aria-hidden="true">
      {["thumb", "index", "middle", "ring", "pinky"].map((finger, i) => (
        <path key={finger} d={`M${3 + 4 * i} 2v18`} stroke={`var(--finger-${finger}-ink)`} />
      ))}
      <path class="weft" d="M1 7.5h3.6M8.8 7.5h4.4M17.4 7.5H21M5 14.5h3.8M13.2 14.5H17" />
    </svg>
  );
}
