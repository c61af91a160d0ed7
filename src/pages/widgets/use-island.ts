import { useEffect, useRef } from "preact/hooks";

/** A piece of the page that draws itself: a canvas, a chart. It owns what is inside its element. */
export interface Island<Props> {
  mount(element: HTMLElement): void;
  /** Called after mounting and whenever the component renders. */
  update(props: Props): void;
  dispose(): void;
}

/** Ties an island's life to the element that the returned ref is given to. */
export function useIsland<Props>(create: () => Island<Props>, props: Props): { current: HTMLDivElement | null } {
  const element = useRef<HTMLDivElement>(null);
  const island = useRef<Island<Props> | undefined>(undefined);
  useEffect(() => {
    const made = create();
    island.current = made;
    made.mount(element.current!);
    return () => {
      island.current = undefined;
      made.dispose();
    };
    // The island lives as long as the element, whatever its props become.
  }, []);
  useEffect(() => island.current?.update(props));
  return element;
}
