/** Calls `changed` whenever a CSS pixel gets another number of device pixels (the browser's zoom, another screen), until `signal` aborts. */
export function followPixelRatio(changed: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const media = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  const next = (): void => {
    changed();
    followPixelRatio(changed, signal);
  };
  media.addEventListener("change", next, { once: true, signal });
}
