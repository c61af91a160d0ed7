import { useLayoutEffect, useRef, useState } from "preact/hooks";

const LINE_HEIGHT = 18;
const OVERSCAN = 10;

/**
 * Lines of text of which only those in view are in the document. Follows the end until the person scrolls up.
 * `count` is the number of lines: the array itself stays the same as it grows, so only this tells that it did. Not announced
 * as it grows: a step writes more lines than can be read aloud, and how far the run is, is said elsewhere.
 */
export function LogView({ lines, count }: { readonly lines: readonly string[]; readonly count: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(200);
  const follows = useRef(true);
  useLayoutEffect(() => {
    const element = box.current!;
    if (element.clientHeight !== height) setHeight(element.clientHeight);
    if (follows.current) element.scrollTop = element.scrollHeight;
  });
  const first = Math.max(0, Math.floor(top / LINE_HEIGHT) - OVERSCAN);
  const last = Math.min(count, Math.ceil((top + height) / LINE_HEIGHT) + OVERSCAN);
  return (
    // A log that scrolls must be reachable by keyboard.
    <div
      ref={box}
      class="log"
      role="log"
      aria-live="off"
      aria-label="Log of the run"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys.
      tabIndex={0}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        follows.current = scrollTop + clientHeight >= scrollHeight - LINE_HEIGHT;
        setTop(scrollTop);
      }}
    >
      {count === 0 && <p class="empty">The run's log appears here.</p>}
      <div style={{ height: `${count * LINE_HEIGHT}px`, paddingTop: `${first * LINE_HEIGHT}px` }}>
        {lines.slice(first, last).map((line, i) => (
          <div key={first + i} class="log-line" data-kind={kindOf(line)}>
            {line}
          </div>
        ))}
      </div>
    </div>
  );
}

function kindOf(line: string): string {
  if (/\berror\b|not finite|\bfailed\b/i.test(line)) return "bad";
  if (/^Epoch |^Evaluated /.test(line)) return "metric";
  return line.startsWith("[Debug") ? "debug" : "plain";
}
