import type { ComponentChildren } from "preact";

/** A part of the dialog that scrolls; without a control in it, it takes the focus so that the arrow keys reach it. */
export function Scroll({
  label,
  class: name = "",
  children,
}: {
  readonly label: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys.
    <section class={`data-scroll ${name}`} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
